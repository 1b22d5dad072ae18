//! Records as Parquet, beside the CSV files and made from them: for DuckDB, pandas and whatever else reads columns.
//!
//! Names and rows are those of the CSV file; an empty cell is a null. Text stays text, values and quantiles are doubles, what is
//! true or false is text, all else is a whole number of 64 bits. The files are no part of the run's digest.

use crate::runs::folder::FolderError;
use crate::runs::records::RECORD_FILES;
use parquet::basic::{Compression, LogicalType, Repetition, Type as Physical};
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::types::Type;
use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::sync::Arc;

/// Rows that are in memory at once.
const ROWS_AT_ONCE: usize = 100_000;
/// Columns that are text, beside those of what was varied, which may be anything.
const TEXT: [&str; 15] = [
    "scenario",
    "protocol",
    "model_version",
    "metric",
    "unit",
    "pareto",
    "video",
    "instance",
    "follower",
    "direction",
    "kind",
    "queue",
    "removed",
    "sender",
    "receiver",
];
/// Columns that are real numbers.
const REAL: [&str; 2] = ["value", "quantile"];

/// What a column holds.
#[derive(Clone, Copy)]
enum Holds {
    Text,
    Real,
    Whole,
}

/// Writes a Parquet file beside each file of records of a complete run, unless it is there.
///
/// # Errors
/// If something cannot be read or written.
pub fn write_parquet(folder: &Path, parameters: &[String]) -> Result<(), FolderError> {
    for record in &RECORD_FILES {
        let from = folder.join(record.name);
        let to = from.with_extension("parquet");
        if to.exists() {
            continue;
        }
        let beside = folder.join(format!("{}.parquet.part", record.name));
        convert(&from, &beside, parameters)
            .and_then(|()| fs::rename(&beside, &to).map_err(ParquetError::from))
            .map_err(|error| FolderError::io("write", &to)(io::Error::other(error)))?;
    }
    Ok(())
}

fn convert(from: &Path, to: &Path, parameters: &[String]) -> Result<(), ParquetError> {
    let bad = |error: csv::Error| ParquetError::General(error.to_string());
    let mut reader = csv::Reader::from_path(from).map_err(bad)?;
    let header = reader.headers().map_err(bad)?.clone();
    let holds = |name: &str| match name {
        _ if TEXT.contains(&name) || parameters.iter().any(|path| path == name) => Holds::Text,
        _ if REAL.contains(&name) => Holds::Real,
        _ => Holds::Whole,
    };
    let columns: Vec<Holds> = header.iter().map(holds).collect();
    let fields = header.iter().zip(&columns).map(|(name, holds)| field(name, *holds));
    let schema = Type::group_type_builder("rows").with_fields(fields.collect::<Result<_, _>>()?).build()?;
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_created_by("fedisim".to_owned())
        .build();
    let mut writer = SerializedFileWriter::new(File::create(to)?, Arc::new(schema), Arc::new(properties))?;
    let mut rows = reader.into_records();
    loop {
        let some: Vec<csv::StringRecord> =
            rows.by_ref().take(ROWS_AT_ONCE).collect::<Result<_, _>>().map_err(bad)?;
        if some.is_empty() {
            break;
        }
        let mut group = writer.next_row_group()?;
        for (at, holds) in columns.iter().enumerate() {
            let cells: Vec<&str> = some.iter().map(|row| &row[at]).collect();
            if let Some(mut column) = group.next_column()? {
                write_column(&mut column, *holds, &cells)?;
                column.close()?;
            }
        }
        group.close()?;
    }
    writer.close()?;
    Ok(())
}

fn field(name: &str, holds: Holds) -> Result<Arc<Type>, ParquetError> {
    let (physical, logical) = match holds {
        Holds::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
        Holds::Real => (Physical::DOUBLE, None),
        Holds::Whole => (Physical::INT64, None),
    };
    let field = Type::primitive_type_builder(name, physical)
        .with_logical_type(logical)
        .with_repetition(Repetition::OPTIONAL)
        .build()?;
    Ok(Arc::new(field))
}

fn write_column(
    column: &mut SerializedColumnWriter<'_>,
    holds: Holds,
    cells: &[&str],
) -> Result<(), ParquetError> {
    let levels: Vec<i16> = cells.iter().map(|cell| i16::from(!cell.is_empty())).collect();
    let there = || cells.iter().filter(|cell| !cell.is_empty());
    let no_number = |cell: &str| ParquetError::General(format!("`{cell}` is no number"));
    match holds {
        Holds::Text => {
            let texts: Vec<ByteArray> = there().map(|&cell| ByteArray::from(cell)).collect();
            column.typed::<ByteArrayType>().write_batch(&texts, Some(&levels), None)?;
        }
        Holds::Real => {
            let numbers: Result<Vec<f64>, _> =
                there().map(|cell| cell.parse().map_err(|_| no_number(cell))).collect();
            column.typed::<DoubleType>().write_batch(&numbers?, Some(&levels), None)?;
        }
        Holds::Whole => {
            // a seed may be as large as 64 bits without a sign allow: its bits are kept
            let whole = |cell: &&str| {
                let number = cell.parse::<i64>().or_else(|_| cell.parse::<u64>().map(u64::cast_signed));
                number.map_err(|_| no_number(cell))
            };
            let numbers: Result<Vec<i64>, _> = there().map(whole).collect();
            column.typed::<Int64Type>().write_batch(&numbers?, Some(&levels), None)?;
        }
    }
    Ok(())
}
