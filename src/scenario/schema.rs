//! The JSON Schema (draft 2020-12) of scenario files, from which editors complete and check.
//!
//! It is derived from `format`, so it cannot say anything else than the check; what only the whole scenario shows
//! (unknown names, sums) is not in it. The committed copy is `scenarios/scenario.schema.json`.

use crate::scenario::format;
use crate::scenario::shape::{Arm, Case, Default, Field, Form, Shape};
use crate::scenario::tree::{Node, Yaml};
use serde_json::{Map, Value, json};

/// The schema as JSON text with a line break at its end.
pub fn schema() -> String {
    let mut root = Map::new();
    root.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
    root.insert("title".to_owned(), json!("fedisim scenario"));
    root.insert(
        "description".to_owned(),
        json!("One experiment: a federation, its viewers and the protocols to compare."),
    );
    root.extend(object(&of(&format::scenario())));
    let text = serde_json::to_string_pretty(&Value::Object(root)).expect("JSON can be written");
    text + "\n"
}

fn object(value: &Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap_or_default()
}

fn of(shape: &Shape) -> Value {
    match shape {
        Shape::Text(form) => text(*form),
        Shape::Integer { min, max } => json!({"type": "integer", "minimum": min, "maximum": max}),
        Shape::Number { min, max } => json!({"type": "number", "minimum": min, "maximum": max}),
        Shape::Span { .. } => quantity(shape, "(ns|us|ms|s|min|h|d)"),
        Shape::Rate { .. } => quantity(shape, "/(s|min|h|d)"),
        Shape::Bytes { .. } => quantity(shape, "(B|kB|MB|GB|TB)"),
        Shape::BitRate { .. } => quantity(shape, "(bit|kbit|Mbit|Gbit)/s"),
        Shape::Share { max_ppm } => {
            let number = json!({"type": "number", "minimum": 0, "maximum": f64::from(*max_ppm) / 1e6});
            json!({"anyOf": [quantity(shape, "%"), number]})
        }
        Shape::Words(words) => {
            let word = |name: &str, doc: &str| json!({"const": name, "description": doc});
            json!({"oneOf": words.iter().map(|w| word(w.name, w.doc)).collect::<Vec<_>>()})
        }
        Shape::List { of: item, min, max } => {
            json!({"type": "array", "items": of(item), "minItems": min, "maxItems": max})
        }
        Shape::Names { form, of: entry, min, max, .. } => json!({
            "type": "object",
            "propertyNames": {"pattern": form.pattern()},
            "additionalProperties": of(entry),
            "minProperties": min,
            "maxProperties": max,
        }),
        Shape::Record(fields) => record(fields),
        Shape::OneOf(cases) => json!({"anyOf": cases.iter().map(one).collect::<Vec<_>>()}),
    }
}

fn text(form: Form) -> Value {
    match form {
        Form::Prose => json!({"type": "string", "minLength": 1, "maxLength": 10_000}),
        Form::Setting => json!({"type": ["string", "number"]}),
        Form::Instant => json!({"type": ["string", "number"], "pattern": form.pattern()}),
        _ => json!({"type": "string", "pattern": form.pattern()}),
    }
}

fn quantity(shape: &Shape, units: &str) -> Value {
    let pattern = format!("^[0-9]+(\\.[0-9]+)? ?{units}$");
    json!({"type": "string", "pattern": pattern, "$comment": shape.expects()})
}

fn record(fields: &[Field]) -> Value {
    let property = |field: &Field| {
        let mut schema = Map::new();
        schema.insert("description".to_owned(), json!(field.doc));
        schema.extend(object(&of(&field.shape)));
        if let Default::Given(node) = &field.default {
            schema.insert("default".to_owned(), json_of(node, &field.shape));
        }
        (field.key.to_owned(), Value::Object(schema))
    };
    let required = |field: &&Field| matches!(field.default, Default::Required);
    json!({
        "type": "object",
        "properties": fields.iter().map(property).collect::<Map<_, _>>(),
        "required": fields.iter().filter(required).map(|field| field.key).collect::<Vec<_>>(),
        "additionalProperties": false,
    })
}

fn one(case: &Case) -> Value {
    let mut schema = Map::new();
    schema.insert("description".to_owned(), json!(case.doc));
    let inner = match &case.arm {
        Arm::Word => json!({"const": case.name}),
        Arm::Plain(shape) | Arm::Marked(shape) => of(shape),
        Arm::Keyed(shape) => {
            let properties: Map<_, _> = [(case.name.to_owned(), of(shape))].into_iter().collect();
            json!({
                "type": "object",
                "properties": properties,
                "required": [case.name],
                "additionalProperties": false,
            })
        }
    };
    schema.extend(object(&inner));
    Value::Object(schema)
}

/// A default as JSON.
fn json_of(node: &Node, shape: &Shape) -> Value {
    match &node.value {
        Yaml::Scalar { text, .. } => match shape {
            Shape::Integer { .. } | Shape::Number { .. } => {
                serde_json::from_str(text).expect("defaults of the format are JSON")
            }
            _ => json!(text),
        },
        Yaml::List(_) => json!([]),
        Yaml::Map(_) => json!({}),
    }
}
