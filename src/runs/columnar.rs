//! Records as Parquet, beside the CSV files and made from them: for DuckDB, pandas and whatever else reads columns.
//!
//! Names and rows are those of the CSV file; an empty cell is a null. Text stays text, values and quantiles are doubles, what is
//! true or false is text, all else is a whole number of 64 bits. The files are no part of the run's digest.

use crate::files::AtomicFile;
use crate::runs::folder::{FolderError, LockedFolder};
use crate::runs::reading::{Edits, ReadError, Records};
use crate::runs::records::{ColumnType, RECORD_FILES, column_type};
use parquet::basic::{Compression, LogicalType, Repetition, Type as Physical};
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::types::Type;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

/// Rows that are in memory at once.
const ROWS_AT_ONCE: usize = 100_000;

/// Writes a Parquet file beside each file of records of a complete run, unless it is there.
///
/// # Errors
/// If something cannot be read or written, or records are not those that the run wrote.
pub fn write_parquet(folder: &LockedFolder, parameters: &[String]) -> Result<(), ReadError> {
    let mut records = Records::open(folder.path(), Edits::Refused)?;
    for record in &RECORD_FILES {
        let to = folder.path().join(Path::new(record.name).with_extension("parquet"));
        if to.exists() {
            continue;
        }
        let beside = folder.path().join(format!("{}.parquet.part", record.name));
        let failed = |error| ReadError::Folder(FolderError::io("write", &to)(error));
        let whole = AtomicFile::create_beside(&to, &beside).map_err(failed)?;
        let whole = records.read_rows(record.name, |rows| {
            convert(rows, whole, parameters).map_err(|error| failed(io::Error::other(error)))
        })?;
        whole.finish().map_err(failed)?;
    }
    Ok(())
}

fn convert(from: &mut dyn Read, to: AtomicFile, parameters: &[String]) -> Result<AtomicFile, ParquetError> {
    let bad = |error: csv::Error| ParquetError::General(error.to_string());
    let mut reader = csv::Reader::from_reader(from);
    let header = reader.headers().map_err(bad)?.clone();
    let is_parameter = |name: &str| parameters.iter().any(|path| path == name);
    let holds = |name: &str| if is_parameter(name) { ColumnType::Text } else { column_type(name) };
    let columns: Vec<ColumnType> = header.iter().map(holds).collect();
    let fields = header.iter().zip(&columns).map(|(name, holds)| field(name, *holds));
    let schema = Type::group_type_builder("rows").with_fields(fields.collect::<Result<_, _>>()?).build()?;
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_created_by("fedisim".to_owned())
        .build();
    let mut writer = SerializedFileWriter::new(to, Arc::new(schema), Arc::new(properties))?;
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
    writer.into_inner()
}

fn field(name: &str, holds: ColumnType) -> Result<Arc<Type>, ParquetError> {
    let (physical, logical) = match holds {
        ColumnType::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
        ColumnType::Real => (Physical::DOUBLE, None),
        ColumnType::Whole => (Physical::INT64, None),
    };
    let field = Type::primitive_type_builder(name, physical)
        .with_logical_type(logical)
        .with_repetition(Repetition::OPTIONAL)
        .build()?;
    Ok(Arc::new(field))
}

fn write_column(
    column: &mut SerializedColumnWriter<'_>,
    holds: ColumnType,
    cells: &[&str],
) -> Result<(), ParquetError> {
    let levels: Vec<i16> = cells.iter().map(|cell| i16::from(!cell.is_empty())).collect();
    let there = || cells.iter().filter(|cell| !cell.is_empty());
    let no_number = |cell: &str| ParquetError::General(format!("`{cell}` is no number"));
    match holds {
        ColumnType::Text => {
            let texts: Vec<ByteArray> = there().map(|&cell| ByteArray::from(cell)).collect();
            column.typed::<ByteArrayType>().write_batch(&texts, Some(&levels), None)?;
        }
        ColumnType::Real => {
            let numbers: Result<Vec<f64>, _> =
                there().map(|cell| cell.parse().map_err(|_| no_number(cell))).collect();
            column.typed::<DoubleType>().write_batch(&numbers?, Some(&levels), None)?;
        }
        ColumnType::Whole => {
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
