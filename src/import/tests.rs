//! What becomes of crawls: whole ones, and those with each kind of damage.

use crate::import::{Crawl, Imported, Reason, fedivertex};

/// Four that answered, one of them with nothing, and one that did not; the columns that import does not read are there, too.
const INSTANCES: &str = "\
host,totalUsers,totalDailyActiveUsers,totalMonthlyActiveUsers,totalLocalVideos,totalVideos,totalLocalVideoViews,serverVersion,error,Id,Label
big.example,5000,100,400,900,1000,70000,8.1.5,,1,big.example
mid.example,100,,,30,30,500,7.2.1,,2,mid.example
old.example,40,0,8,12,12,90,6.0.4,,3,old.example
empty.example,3,0,0,0,0,0,8.2.1,,4,empty.example
gone.example,,,,,,,,Error code 502,5,gone.example
";
const FOLLOWS: &str = "\
Source,Target,Weight
mid.example,big.example,1
old.example,big.example,1
big.example,old.example,1
gone.example,big.example,1
mid.example,gone.example,1
";

/// The import, or its problems in words.
fn imported(instances: impl Into<Vec<u8>>, follows: impl Into<Vec<u8>>) -> Result<Imported, Vec<String>> {
    let crawl = Crawl { instances: ("i.csv", instances.into()), follows: ("f.csv", follows.into()) };
    let told = |problems: Vec<crate::scenario::Problem>| problems.iter().map(ToString::to_string).collect();
    fedivertex(crawl, "crawl", 7).map_err(told)
}

fn file<'a>(imported: &'a Imported, name: &str) -> &'a str {
    &imported.files.iter().find(|(known, _)| known == name).expect("a file").1
}

/// What is left out: the number of each reason and the first lines, in order.
fn left_out(imported: &Imported) -> Vec<String> {
    let of = |(reason, _): (Reason, &str)| {
        let told = imported.left_out.told(reason).iter().map(ToString::to_string);
        let count = imported.left_out.count(reason);
        let head = if count > 0 { Some(format!("{reason:?} {count}")) } else { None };
        head.into_iter().chain(told)
    };
    Reason::ALL.into_iter().flat_map(of).collect()
}

#[test]
fn a_crawl_becomes_a_scenario_and_its_tables() {
    let imported = imported(INSTANCES, FOLLOWS).expect("a scenario");
    assert_eq!(
        file(&imported, "crawl-instances.csv"),
        "\
host,protocol,users,videos,views
big.example,peertube-8.0,400,900,70000
empty.example,peertube-8.2,0,0,0
mid.example,peertube-7.2,100,30,500
old.example,peertube-6.0,8,12,90
"
    );
    assert_eq!(file(&imported, "crawl-dead.csv"), "host\ngone.example\n");
    assert_eq!(
        file(&imported, "crawl-follows.csv"),
        "\
follower,followed
big.example,old.example
gone.example,big.example
mid.example,big.example
mid.example,gone.example
old.example,big.example
"
    );
    let text = file(&imported, "crawl.yaml");
    for line in [
        "name: crawl\n",
        "seed: 7\n",
        "  dead: {list: crawl-dead.csv}\n",
        "faults: [{down: [dead]}]\n",
        "mean: 508 /d,",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
    assert_eq!(left_out(&imported), [""; 0]);
    let found = &imported.found;
    assert_eq!((found.alive, found.dead, found.follows, found.videos, found.users), (4, 1, 5, 942, 508));
    assert_eq!((found.videos_taken, found.one_in), (942, 1));
    let versions =
        found.versions.iter().map(|version| (&version.text[..], version.instances, version.preset));
    assert_eq!(
        versions.collect::<Vec<_>>(),
        [
            ("8.2.1", 1, "peertube-8.2"),
            ("8.1.5", 1, "peertube-8.0"),
            ("7.2.1", 1, "peertube-7.2"),
            ("6.0.4", 1, "peertube-6.0")
        ]
    );
    let strangers = imported.incompatible.expect("old and big follow each other");
    let named = |name: &str, preset: &str| (name.to_owned(), preset.to_owned());
    assert_eq!(
        (strangers.pairs, strangers.first),
        (1, [named("big.example", "peertube-8.0"), named("old.example", "peertube-6.0")])
    );
}

#[test]
fn the_order_of_rows_and_what_follows_call_instances_make_no_difference() {
    let expected = imported(INSTANCES, FOLLOWS).expect("a scenario").files;
    let turned = |text: &str| {
        let (first, rows) = text.split_once('\n').expect("a header");
        let rows: Vec<&str> = rows.lines().rev().collect();
        format!("{first}\r\n{}\r\n", rows.join("\r\n"))
    };
    let ids = [("big", "1"), ("mid", "2"), ("old", "3"), ("empty", "4"), ("gone", "5")];
    let by_id =
        ids.iter().fold(FOLLOWS.to_owned(), |text, (host, id)| text.replace(&format!("{host}.example"), id));
    let semicolons = INSTANCES.replace(',', ";");
    let capitals = FOLLOWS.replace("example", "EXAMPLE").replace("Source,Target", "follower,followed");
    let gaps = INSTANCES.replace(",900,", ",900.0,");
    for (instances, follows) in [
        (turned(INSTANCES), turned(FOLLOWS)),
        (format!("\u{feff}{semicolons}"), by_id),
        (INSTANCES.replace("big", "BIG"), capitals),
        (gaps, FOLLOWS.replace(",1\n", "\n").replace(",Weight", "")),
    ] {
        assert_eq!(imported(instances, follows).expect("a scenario").files, expected);
    }
}

/// Where a crawl is damaged: what stands there, and what is put there.
enum Damage {
    Instances(&'static str, &'static str),
    Follows(&'static str, &'static str),
}
use Damage::{Follows, Instances};

/// Damage, what is said of it, and a line that one of the tables then has.
const DAMAGED: &[(Damage, &[&str], &str)] = &[
    (
        Follows("old.example,big", "far.example,big"),
        &["Stranger 1", "f.csv:3:1: Source: `far.example` is neither the host nor the id of an instance"],
        "big.example,old.example",
    ),
    (
        Follows("mid.example,big.example", "mid.example,"),
        &["Stranger 1", "f.csv:2:1: Target: `` is neither the host nor the id of an instance"],
        "old.example,big.example",
    ),
    (
        // an id as a host
        Instances(",2,mid", ",old.example,mid"),
        &[
            "Stranger 2",
            "f.csv:3:1: Source: `old.example` is the host of one instance and the id of another",
            "f.csv:4:1: Target: `old.example` is the host of one instance and the id of another",
        ],
        "mid.example,big.example",
    ),
    (
        Instances("7.2.1", "nightly"),
        &["Version 1", "i.csv:3:1: serverVersion: `nightly` is not a version"],
        // each preset has one instance: of equals that of the later name
        "mid.example,peertube-8.2,100,30,500",
    ),
    (
        Instances("7.2.1", ""),
        &["Version 1", "i.csv:3:1: serverVersion: `` is not a version"],
        "mid.example,peertube-8.2,100,30,500",
    ),
    (
        Instances(",400,", ",-4,"),
        &["Figure 1", "i.csv:2:1: totalMonthlyActiveUsers: `-4` is not a count from 0 to 1000000000"],
        "big.example,peertube-8.0,5000,900,70000",
    ),
    (
        Instances(",12,12,90", ",some,12,1e9"),
        &[
            "Figure 2",
            "i.csv:4:1: totalLocalVideos: `some` is not a count from 0 to 1000000000",
            "i.csv:4:1: totalLocalVideoViews: `1e9` is not a count from 0 to 1000000000",
        ],
        "old.example,peertube-6.0,8,0,0",
    ),
    (
        Instances("mid.example,100", "mid.example,"),
        &["Figure 1", "i.csv:3:1: totalUsers: `` is not a count from 0 to 1000000000"],
        "mid.example,peertube-7.2,0,30,500",
    ),
    (
        Instances("empty.example,3", "MID.example,3"),
        &["HostTwice 1", "i.csv:5:1: host: `mid.example` is in line 3, which counts"],
        "mid.example,peertube-7.2,100,30,500",
    ),
    (
        Instances("empty.example,3", ",3"),
        &["Host 1", "i.csv:5:1: host: is empty; each row needs a host"],
        "mid.example,peertube-7.2,100,30,500",
    ),
    (
        Instances("empty.example,3", "https://empty.example/,3"),
        &[
            "Host 1",
            "i.csv:5:1: host: `https://empty.example/` is not a host: labels of a-z, 0-9 and `-`, up to 63 each and 253 in all, with dots between",
        ],
        "mid.example,peertube-7.2,100,30,500",
    ),
    (
        Instances(",3,old", ",2,old"),
        &["IdTwice 1", "i.csv:4:1: Id: `2` is in line 3, too"],
        "old.example,big.example",
    ),
    (
        Follows("old.example,big", "big.example,big"),
        &["Itself 1", "f.csv:3:1: Target: `big.example` follows `big.example`"],
        "mid.example,big.example",
    ),
    (
        Follows("old.example,big", "mid.example,BIG"),
        &["FollowTwice 1", "f.csv:3:1: Target: `mid.example` follows `BIG.example`"],
        "mid.example,big.example",
    ),
    (
        Follows("old.example,big.example,1", "old.example,big.example,-1"),
        &["Weight 1", "f.csv:3:1: Weight: `-1` is not above 0"],
        "mid.example,big.example",
    ),
    (
        Follows("old.example,big.example,1", "old.example,big.example,many"),
        &["Weight 1", "f.csv:3:1: Weight: `many` is not above 0"],
        "mid.example,big.example",
    ),
    (
        Instances(",4,empty.example", ",4"),
        &["Row 1", "i.csv:5:1: has 10 cells; the header has 11"],
        "mid.example,peertube-7.2,100,30,500",
    ),
    (
        Follows("old.example,big", "old.exa\u{0}mple,big"),
        &[
            "Stranger 1",
            "f.csv:3:1: Source: `old.exa\\u{0}mple` is neither the host nor the id of an instance",
        ],
        "mid.example,big.example",
    ),
];

#[test]
fn what_is_meant_is_taken_and_all_else_said_with_its_line() {
    for (damage, said, row) in DAMAGED {
        let (instances, follows) = match damage {
            Instances(from, to) => (INSTANCES.replacen(from, to, 1), FOLLOWS.to_owned()),
            Follows(from, to) => (INSTANCES.to_owned(), FOLLOWS.replacen(from, to, 1)),
        };
        assert!((&instances[..], &follows[..]) != (INSTANCES, FOLLOWS), "{said:?}: nothing is damaged");
        let imported = imported(instances, follows).expect("a scenario");
        assert_eq!(left_out(&imported), *said);
        let has = |(_, text): &(String, String)| text.lines().any(|line| line == *row);
        assert!(imported.files.iter().any(has), "{said:?}: no {row}");
    }
}

#[test]
fn text_that_is_not_utf_8_is_left_out_with_its_row() {
    let mut instances = INSTANCES.as_bytes().to_vec();
    let at = INSTANCES.find("empty").expect("a host");
    instances[at] = 0xff;
    let imported = imported(instances, FOLLOWS).expect("a scenario");
    assert_eq!(left_out(&imported), ["Row 1", "i.csv:5:1: is not UTF-8 text; save the file as UTF-8"]);
}

#[test]
fn the_first_ten_of_a_reason_are_told() {
    let strangers: String = (0..25).map(|number| format!("far-{number}.example,big.example,1\n")).collect();
    let imported = imported(INSTANCES, format!("{FOLLOWS}{strangers}")).expect("a scenario");
    assert_eq!(imported.left_out.count(Reason::Stranger), 25);
    let told = imported.left_out.told(Reason::Stranger);
    assert_eq!((told.len(), told[9].line), (10, 16));
}

#[test]
fn what_is_not_safe_is_refused() {
    let all_dead =
        INSTANCES.replace(",,1,", ",timed out,1,").replace(",,2,", ",x,2,").replace(",,3,", ",x,3,");
    for (instances, follows, words) in [
        (
            INSTANCES.replace("serverVersion", "release"),
            FOLLOWS.to_owned(),
            "i.csv:1:1: has no column `serverVersion`",
        ),
        (INSTANCES.replace(",error,", ",errors,"), FOLLOWS.to_owned(), "did you mean `errors`?"),
        (INSTANCES.replace("Label", "host"), FOLLOWS.to_owned(), "i.csv:1:1: has the column `host` twice"),
        (INSTANCES.to_owned(), FOLLOWS.replace("Target", "To"), "f.csv:1:1: has no column `Target`"),
        (String::new(), FOLLOWS.to_owned(), "i.csv:1:1: has no column `host`"),
        (INSTANCES.to_owned(), String::new(), "f.csv:1:1: has no column `Source`"),
        (
            INSTANCES.lines().next().expect("a header").to_owned(),
            FOLLOWS.to_owned(),
            "i.csv: has no instance that answered: it has 0",
        ),
        (
            all_dead.replace(",,4,", ",x,4,"),
            FOLLOWS.to_owned(),
            "i.csv: has no instance that answered: it has 5",
        ),
        (
            INSTANCES.replace(",900,", ",0,").replace(",30,30", ",0,30").replace(",12,12", ",0,12"),
            FOLLOWS.to_owned(),
            "i.csv: has no instance with a video",
        ),
        (
            INSTANCES.replace(",400,", ",0,").replace(",100,,", ",0,,").replace(",0,8,", ",0,0,"),
            FOLLOWS.to_owned(),
            "i.csv: has no instance with an active user",
        ),
        (
            INSTANCES.replace("mid.example,100", "\"mid.example,100"),
            FOLLOWS.to_owned(),
            "i.csv:3:1: has a quote that is never closed, so that 4 lines are one row",
        ),
        (
            INSTANCES.replace("mid.example,100", "\"mid.example,100").replace("3,empty", "\"3,empty"),
            FOLLOWS.to_owned(),
            "i.csv:3:1: has ",
        ),
        (
            INSTANCES.to_owned(),
            FOLLOWS.replace("gone.example,big.example,1", "gone.example,big.example,\"1"),
            "f.csv:5:1: has a quote that is never closed",
        ),
    ] {
        let problems = imported(instances, follows).err().unwrap_or_default();
        assert!(problems.iter().any(|problem| problem.contains(words)), "{words}: {problems:?}");
    }
}

#[test]
fn a_message_of_several_lines_is_a_cell() {
    let instances = INSTANCES.replace("Error code 502", "\"Error,\n\"\"code\"\" 502\"");
    let imported = imported(instances, FOLLOWS).expect("a scenario");
    assert_eq!((left_out(&imported).len(), imported.found.dead), (0, 1));
}

/// Instances of one version, with so many users and videos each.
fn many(count: usize, users: u32, videos: u32) -> String {
    let row = |number| format!("tube-{number}.example,{users},,{users},{videos},,1,8.2.1,,,\n");
    let header = INSTANCES.lines().next().expect("a header");
    format!("{header}\n{}", (0..count).map(row).collect::<String>())
}

#[test]
fn a_scenario_has_at_most_so_many_instances_videos_and_visits() {
    let problems = imported(many(20_001, 1, 1), FOLLOWS).err().unwrap_or_default();
    assert_eq!(problems, ["i.csv: has 20001 instances; a scenario may have 20000"]);
    let none = "Source,Target\n";
    let imported = imported(many(300, 1_000_000_000, 10_000), none).expect("a scenario");
    assert_eq!(left_out(&imported), [""; 0]);
    let found = &imported.found;
    assert_eq!((found.videos, found.videos_taken), (3_000_000, 999_900));
    let row = |line: &str| line.starts_with("tube-0.example,peertube-8.2,1000000000,3333,1");
    assert!(file(&imported, "crawl-instances.csv").lines().any(row));
    // 5,000,000 visits are allowed, and 65,536 is the first power of 2 by which there are no more; the limit of memory asks for fewer
    assert_eq!(found.users, 300_000_000_000);
    assert!(found.one_in >= 65_536 && found.one_in.is_power_of_two(), "{}", found.one_in);
    let share = format!("of {} visits one is simulated", found.one_in);
    assert!(file(&imported, "crawl.yaml").contains(&share));
    assert!(!file(&imported, "crawl.yaml").contains("dead:") && imported.files.len() == 3);
}
