//! Files of who follows whom: what is read, and what is refused in which words.

use super::data_files::{read_beside, warnings};
use crate::domain::federation::Follows;

/// Edges by number (0 is the origin, 1 to 3 its followers, 4 silent), and what is warned of.
type Read = (Vec<(u32, u32)>, String);

fn follows(graph: &str) -> Result<Read, String> {
    let scenario = read_beside("end: 10 min", "end: 10 min\nfollows: {edges: f.csv}", graph.as_bytes())?;
    let Follows::Edges(edges) = &scenario.follows else { panic!("edges") };
    Ok((edges.iter().map(|(from, to)| (from.0, to.0)).collect(), warnings(&scenario)))
}

fn read(graph: &str, edges: &[(u32, u32)], warned: &str) {
    assert_eq!(follows(graph), Ok((edges.to_vec(), warned.to_owned())), "{graph}");
}

fn refused(graph: &str, expected: &str) {
    assert_eq!(follows(graph), Err(expected.to_owned()), "{graph}");
}

const NO_DIRECTION: &str = "does not say whether edges have a direction: each is a follow both ways";

#[test]
fn instances_are_named_by_name_host_or_url() {
    for origin in [
        "origin",
        "Origin",
        "origin.example",
        "ORIGIN.example",
        "https://origin.example",
        "https://origin.example/",
        "https://origin.example/accounts/peertube",
        "http://Origin.Example/video-channels/a?b#c",
        "https://origin.example?x=/y",
    ] {
        read(&format!("follower,followed\nfollowers-1,{origin}\n"), &[(1, 0)], "");
    }
    for unknown in [
        "origin.example.org",
        "https://origin",
        "https://me@origin.example/",
        "origin.example/x",
        "ftp://origin.example",
    ] {
        let said = follows(&format!("follower,followed\nfollowers-1,{unknown}\n")).expect_err(unknown);
        assert!(said.starts_with(&format!("f.csv:2:1: followed: `{unknown}` is no instance")), "{said}");
    }
}

#[test]
fn edge_lists_are_read_as_people_have_them() {
    let edges = &[(1, 0), (3, 0)];
    for list in [
        "follower,followed\nfollowers-1,origin\nfollowers-3,origin\n",
        "followed;follower\r\norigin;followers-3\r\norigin;followers-1\r\n",
        "\u{feff}Source\tTarget\tWeight\nfollowers-1\torigin\t3\nfollowers-3\torigin\t1.5\n",
        "Source,Target,Type\nfollowers-1,origin,Directed\nfollowers-3,origin,\n",
    ] {
        read(list, edges, "");
    }
    read("source,target,Type\norigin,followers-1,Undirected\n", &[(0, 1), (1, 0)], "");
    read(
        "Source,Target,Type,Id\nfollowers-1,origin,Directed,0\n",
        &[(1, 0)],
        "f.csv:1:1: has columns that nothing is read from: `Id`",
    );
    read("follower,followed\n", &[], "");
    read(
        "follower,followed\nfollowers-1,origin\norigin,origin\nfollowers-1,https://origin.example/a\nfollowers-1,origin\norigin,origin.example\n",
        &[(1, 0)],
        "4:18: follows.edges: has 2 follows a second time and 2 of an instance by itself; they count once and not at all",
    );
}

#[test]
fn graphs_are_read_in_each_format() {
    let edges = &[(1, 0), (3, 0)];
    let gdf = "nodedef>name VARCHAR,label VARCHAR\n1,origin.example\n2,'followers-1'\n3,\"followers-3\"\nedgedef>node1 VARCHAR,node2 VARCHAR,directed BOOLEAN,weight DOUBLE\n2,1,true,1.0\n3,1,TRUE,2.0\n";
    let graphml = r#"<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE graphml [<!ENTITY many "x">]>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
  <key id="d0" for="node" attr.name="Label" attr.type="string"/><key id="d1" for="node" attr.name="users" attr.type="int"/>
  <graph edgedefault="directed">
    <node id="origin"><data key="d1">origin.example &many;</data></node>
    <node id="n1"><data key="d0"> followers&#45;1
    </data></node>
    <node id="n3"><data key="d1">4</data><data key="d0"><![CDATA[followers-3]]></data></node>
    <edge source="n1" target="origin"/><edge source="n3" target="origin"><data key="d0">a &lt; b</data></edge>
  </graph>
</graphml>"#;
    let gexf = r#"<gexf version="1.3" xmlns:viz="http://gexf.net/1.3/viz"><meta><creator>me</creator></meta>
<graph defaultedgetype="directed"><nodes><node id="0" label="origin.example"><viz:size value="1"/></node>
<node id="1" label="https://followers-1.example"/><node id="2" label="followers-3"/></nodes>
<edges><edge id="0" source="1" target="0" weight="2"/><edge id="1" source="2" target="0" type="directed"/></edges></graph></gexf>"#;
    let json = r#"{"directed": true, "multigraph": false, "graph": {"name": [1, {}]},
"nodes": [{"id": 7, "label": "origin"}, {"id": "followers-1", "users": 4}, {"id": 8, "host": "followers-3.example"}],
"links": [{"source": "followers-1", "target": 7}, {"source": 8, "target": 7, "key": 0}]}"#;
    for graph in [gdf, graphml, gexf, json] {
        read(graph, edges, "");
        read(&graph.replace('\n', "\r\n"), edges, "");
        read(&format!("\u{feff}{graph}"), edges, "");
    }
    read(&format!("\n  {}", json.replace("links", "edges")), edges, "");
}

#[test]
fn edges_without_a_direction_are_follows_both_ways() {
    let both = &[(0, 1), (1, 0)];
    let gdf = "nodedef>name VARCHAR\norigin\nfollowers-1\nedgedef>node1 VARCHAR,node2 VARCHAR\norigin,followers-1\n";
    read(gdf, both, &format!("f.csv:4:1: {NO_DIRECTION}"));
    read(
        &gdf.replace(
            "node2 VARCHAR\norigin,followers-1",
            "node2 VARCHAR,directed BOOLEAN\norigin,followers-1,false",
        ),
        both,
        "",
    );
    let xml = |graph: &str, edge: &str| {
        format!(
            "<graphml><graph {graph}><edge source='origin' target='followers-1' {edge}/></graph></graphml>"
        )
    };
    for (graph, edge) in [("edgedefault='undirected'", ""), ("edgedefault='directed'", "directed='false'")] {
        read(&xml(graph, edge), both, "");
    }
    read(&xml("", ""), both, &format!("f.csv:1:1: {NO_DIRECTION}"));
    read(&xml("edgedefault='undirected'", "directed='true'"), &[(0, 1)], "");
    for (graph, edge) in [
        ("defaultedgetype='undirected'", ""),
        ("defaultedgetype='mutual'", ""),
        ("defaultedgetype='directed'", "type='undirected'"),
        ("defaultedgetype='directed'", "type='mutual'"),
    ] {
        read(&xml(graph, edge).replace("graphml", "gexf"), both, "");
    }
    let json = |directed: &str| {
        format!("{{{directed}\"links\": [{{\"source\": \"origin\", \"target\": \"followers-1\"}}]}}")
    };
    read(&json("\"directed\": false, "), both, "");
    read(&json(""), both, &format!("f.csv:1:1: {NO_DIRECTION}"));
    // both ways are written out, and one that follows itself does it once
    let own = "4:18: follows.edges: has 2 follows a second time and 1 of an instance by itself; they count once and not at all";
    read(
        "source,target,type\norigin,followers-1,undirected\nfollowers-1,origin,undirected\norigin,origin,undirected\n",
        both,
        own,
    );
}

#[test]
fn damaged_graphs_are_refused_with_their_line() {
    let unknown = "is no instance; there are followers-1, followers-2, followers-3, origin, silent";
    let mut wrong = Vec::new();
    for (graph, expected) in [
        // a name that is unknown is told once
        ("follower,followed\na,origin\nb,a\n", format!("f.csv:2:1: follower: `a` {unknown}\nf.csv:3:1: follower: `b` {unknown}")),
        ("Source,Target\nfollowers-1,xyz\n", format!("f.csv:2:1: target: `xyz` {unknown}")),
        ("follower,follows\n", "f.csv:1:1: has no column `followed`; it needs follower,followed[,type][,weight]; did you mean `follows`?".to_owned()),
        ("follower,followed\n,origin\n", format!("f.csv:2:1: follower: `` {unknown}")),
        ("<gexf><graph defaultedgetype='directed'>\n<node id='1' label='xyz'/>\n<edge source='1' target='origin'/></graph></gexf>", format!("f.csv:2:1: `xyz` {unknown}")),
        ("<graphml>\n<graph edgedefault='directed'>\n<node/></graph></graphml>", "f.csv:3:1: has the element `node` without its attribute `id`".to_owned()),
        ("<graphml>\n<graph edgedefault='directed'><edge source='origin'/></graph></graphml>", "f.csv:2:1: has the element `edge` without its attribute `target`".to_owned()),
        ("<graphml>\n<hyperedge/></graphml>", "f.csv:2:1: has an edge of several nodes; a follow is of two".to_owned()),
        ("<html>\n<body/></html>", "f.csv:1:1: is XML, and neither GraphML nor GEXF".to_owned()),
        ("<graphml>\n<graph edgedefault='directed'>\n", "f.csv:2:1: ends in the middle: elements are open".to_owned()),
        ("<graphml>\n\n</gexf>", "f.csv:3:1: is not XML: ill-formed document: expected `</graphml>`, but `</gexf>` was found".to_owned()),
        ("<!DOCTYPE a [<!ENTITY b 'c'>]><graphml><graph edgedefault='directed'>\n<node id='&b;'/></graph></graphml>", "f.csv:2:1: is not XML: at 1..2: unrecognized entity `b`".to_owned()),
        ("{\"nodes\": [\n{\"name\": 1}],\n\"links\": [\n{\"source\": 1}, 3]}", "f.csv:2:1: is a node without an `id`, a text or a number\nf.csv:4:1: is an edge without a `source` and a `target`, each the id of a node\nf.csv:4:1: is an item that is no object of names and values".to_owned()),
        ("{\"nodes\": []}", "f.csv:1:1: has no `links` (or `edges`); node-link JSON has `nodes` and `links`".to_owned()),
        ("{\"nodes\":\n[", "f.csv:2:1: is not the JSON that is expected here: EOF while parsing a list at line 2 column 1".to_owned()),
        ("[]", "f.csv:1:1: is a list; node-link JSON is an object with `nodes` and `links`".to_owned()),
        ("{\"links\":\n{}}", "f.csv:2:1: is not the JSON that is expected here: invalid type: map, expected a list at line 2 column 0".to_owned()),
        ("{\"directed\": true, \"links\": [\n\n{\"source\": \"origin\",\n\"target\": \"x\"}]}", format!("f.csv:3:1: `x` {unknown}")),
        ("nodedef>label VARCHAR\n", "f.csv:1:1: has no column `name`, which nodes are called by".to_owned()),
        ("nodedef>name VARCHAR\norigin\n\nedgedef>node VARCHAR\n", "f.csv:4:1: has no columns `node1` and `node2`, between which edges are".to_owned()),
        ("nodedef>name VARCHAR\nxyz\nedgedef>node1,node2,directed\nxyz,origin,true\n", format!("f.csv:2:1: `xyz` {unknown}")),
    ] {
        let said = follows(graph).map(|_| ());
        if said != Err(expected.clone()) {
            wrong.push((said, expected));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn files_that_want_too_much_are_refused() {
    let deep = format!("<graphml>{}", "<a>".repeat(100));
    refused(&deep, "f.csv:1:1: has elements more than 64 deep");
    let bomb = "<!DOCTYPE a [<!ENTITY b 'origin'><!ENTITY c '&b;&b;'>]><graphml><key id='k' attr.name='label'/><graph edgedefault='directed'><node id='1'><data key='k'>&c;</data></node><edge source='1' target='origin'/></graph></graphml>";
    refused(
        bomb,
        "f.csv:1:1: `&c;` is no instance; there are followers-1, followers-2, followers-3, origin, silent",
    );
    let long = format!("{{\"directed\": true, \"links\": [{{\"source\": \"{}\"}}]}}", "x".repeat(1 << 20));
    refused(&long, "f.csv:1:1: is an item that is no object of names and values");
    let nested =
        format!("{{\"directed\": true, \"links\": [{}1{}]}}", "[".repeat(100_000), "]".repeat(100_000));
    refused(&nested, "f.csv:1:1: is an item that is no object of names and values");
}
