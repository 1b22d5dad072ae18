//! `fedisim import`: a scenario and its files of what crawlers publish.

use crate::cli::exit::{Exit, Outcome};
use crate::cli::output::{cannot_write, complain, fail, print};
use crate::files;
use crate::foundation::text::one_line;
use crate::import::{self, Crawl, Found, Imported, Incompatible, LeftOut, Reason, Version};
use crate::scenario::{DATA_BYTES_MAX, is_name};
use clap::{Args, Subcommand};
use comfy_table::presets::ASCII_MARKDOWN;
use comfy_table::{CellAlignment, ContentArrangement, Table};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// More versions than these are only counted.
const VERSIONS_MAX: usize = 40;

/// `fedisim import`
#[derive(Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    from: From,
}

#[derive(Subcommand)]
enum From {
    /// PeerTube's instances and follows, as the crawler of the data set Fedivertex writes them
    Fedivertex(Fedivertex),
}

#[derive(Args)]
struct Fedivertex {
    /// The table of instances: host, serverVersion, error, totalUsers, totalLocalVideos, ...
    #[arg(long, value_name = "FILE")]
    instances: PathBuf,
    /// The table of follows: Source (follows), Target (is followed), Weight
    #[arg(long, value_name = "FILE")]
    follows: PathBuf,
    /// The scenario to write; its tables are called NAME-instances.csv, NAME-follows.csv and NAME-dead.csv
    #[arg(long, value_name = "NAME.yaml")]
    out: PathBuf,
    /// The seed of the scenario
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Write over files of these names
    #[arg(long)]
    force: bool,
}

pub(super) fn main(arguments: &Arguments) -> Outcome {
    let From::Fedivertex(arguments) = &arguments.from;
    let name = name(&arguments.out)?;
    let (instances, follows) = (read(&arguments.instances)?, read(&arguments.follows)?);
    let names = [&arguments.instances, &arguments.follows].map(|path| path.display().to_string());
    let crawl = Crawl { instances: (&names[0], instances), follows: (&names[1], follows) };
    let imported = import::fedivertex(crawl, name, arguments.seed).map_err(|problems| {
        problems.iter().for_each(|problem| complain(problem));
        Exit::BadInput
    })?;
    write(arguments, &imported)?;
    Ok(print(&summary(&imported, &arguments.out)))
}

/// The name of the scenario of a file.
fn name(out: &Path) -> Result<&str, Exit> {
    let is_yaml = out.extension().is_some_and(|ending| ending == "yaml");
    let stem = out.file_stem().and_then(|stem| stem.to_str()).filter(|stem| is_yaml && is_name(stem));
    stem.ok_or_else(|| {
        let why = "is not NAME.yaml with a name of lower-case letters, digits and hyphens, at most 63";
        fail(Exit::BadInput, &format!("--out {}: {why}", out.display()))
    })
}

fn read(path: &Path) -> Result<Vec<u8>, Exit> {
    files::read(path, DATA_BYTES_MAX)
        .map_err(|error| fail(Exit::CouldNotRun, &format!("{}: cannot be read: {error}", path.display())))
}

/// Writes all files, or none if one may not be written over. The scenario, which names the others, comes last.
fn write(arguments: &Fedivertex, imported: &Imported) -> Result<(), Exit> {
    let folder = arguments.out.parent().unwrap_or(Path::new(""));
    let paths = imported.files.iter().map(|(name, text)| (folder.join(name), text));
    let files: Vec<(PathBuf, &String)> = paths.collect();
    for (path, _) in &files {
        if [&arguments.instances, &arguments.follows].into_iter().any(|input| is_same(path, input)) {
            let why = "is read by this import and would be written over; choose another name for --out";
            return Err(fail(Exit::BadInput, &format!("{}: {why}", path.display())));
        }
        if !arguments.force && path.symlink_metadata().is_ok() {
            let why = "exists already; choose another name for --out, or write over it with --force";
            return Err(fail(Exit::BadInput, &format!("{}: {why}", path.display())));
        }
    }
    let mut written = Vec::new();
    for (path, text) in &files {
        let file = files::AtomicFile::create(path).and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            Ok(file)
        });
        written.push((path, file.map_err(|error| cannot_write(path, &error))?));
    }
    for (path, file) in written {
        file.finish().map_err(|error| cannot_write(path, &error))?;
    }
    Ok(())
}

fn is_same(one: &Path, other: &Path) -> bool {
    let pair = one.canonicalize().and_then(|one| Ok((one, other.canonicalize()?)));
    pair.is_ok_and(|(one, other)| one == other)
}

/// What was found, what it became and what was left out.
fn summary(imported: &Imported, out: &Path) -> String {
    let Imported { files, found, left_out, incompatible, estimate } = imported;
    let incompatible = incompatible.as_ref().map(strangers).unwrap_or_default();
    let names: Vec<&str> = files.iter().map(|(name, _)| &name[..]).collect();
    format!(
        "{}\n{}\n\n{incompatible}{}\n{estimate}\nwrote {}; now: fedisim run {}\n",
        counts(found),
        versions(&found.versions),
        left(left_out),
        names.join(", "),
        one_line(&out.display().to_string())
    )
}

fn strangers(Incompatible { pairs, first: [(one, speaks), (other, others)] }: &Incompatible) -> String {
    format!(
        "{pairs} pairs follow each other that could not begin to with these releases (8.0 or later with 7.0 or earlier), such as \
         {one} ({speaks}) and {other} ({others}); they are kept\n"
    )
}

fn counts(found: &Found) -> String {
    let Found { alive, dead, follows, videos, videos_taken, users, visits, one_in, .. } = found;
    let fewer = if videos_taken < videos {
        format!("; the scenario has {videos_taken}, each instance's in proportion")
    } else {
        String::new()
    };
    let share = if *one_in > 1 {
        format!(" (one of {one_in}, so that a run keeps its `limits`)")
    } else {
        String::new()
    };
    let instances = alive + dead;
    format!(
        "\
{instances} instances: {alive} that answered, and {dead} dead ones, which are down from the beginning
{follows} follows
{videos} videos{fewer}
{users} active users, who make {visits:.0} visits in a day{share}
"
    )
}

fn versions(versions: &[Version]) -> Table {
    let mut table = Table::new();
    table.load_style(ASCII_MARKDOWN).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(["version", "instances", "preset"]);
    let (told, rest) = versions.split_at(versions.len().min(VERSIONS_MAX));
    for Version { text, is_known, instances, preset } in told {
        let short: String = text.chars().take(40).collect();
        let text = if *is_known { short } else { format!("`{}`, unknown", one_line(&short)) };
        table.add_row([text, instances.to_string(), (*preset).to_owned()]);
    }
    if !rest.is_empty() {
        let instances: usize = rest.iter().map(|version| version.instances).sum();
        table.add_row([format!("{} more", rest.len()), instances.to_string(), String::new()]);
    }
    if let Some(column) = table.column_mut(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

/// What was left out, by reason.
fn left(left_out: &LeftOut) -> String {
    if left_out.is_empty() {
        return "nothing was left out\n".to_owned();
    }
    let mut text = "left out, or not taken as it stands:\n".to_owned();
    for (reason, words) in Reason::ALL {
        let (count, told) = (left_out.count(reason), left_out.told(reason));
        if count == 0 {
            continue;
        }
        writeln!(text, "  {count} {words}").expect("a string takes everything");
        for problem in told {
            writeln!(text, "    {problem}").expect("a string takes everything");
        }
        if count > told.len() {
            writeln!(text, "    and {} more", count - told.len()).expect("a string takes everything");
        }
    }
    text
}
