//! `data-filter cat`: kept records to standard output.

use std::io::{self, BufWriter, Write};

use anyhow::{Context, Result, bail};
use serde_json::value::RawValue;

use crate::args::CatArgs;
use crate::record::Record;
use crate::shard::ShardReader;

/// Prints the records of all inputs as JSON lines, whole or with the asked fields alone.
///
/// # Errors
/// When a field does not exist or a shard cannot be read. A reader that has seen enough and
/// closes the pipe is no error.
pub fn cat(args: &CatArgs) -> Result<()> {
    if let Some(unknown) = args
        .fields
        .iter()
        .find(|field| !Record::FIELDS.contains(&field.as_str()))
    {
        bail!(
            "there is no field `{unknown}`; a record has {}",
            Record::FIELDS.join(", ")
        );
    }
    let mut out = BufWriter::with_capacity(1 << 17, io::stdout().lock());
    for input in &args.inputs {
        let mut shards = ShardReader::open(input)?;
        while let Some(line) = shards.next_line()? {
            let written = if args.fields.is_empty() {
                out.write_all(line).and_then(|()| out.write_all(b"\n"))
            } else {
                let picked = pick(line, &args.fields).with_context(|| {
                    format!("{} holds a line that is no record", input.display())
                })?;
                out.write_all(picked.as_bytes())
            };
            if let Some(result) = ends_early(written) {
                return result;
            }
        }
    }
    ends_early(out.flush()).unwrap_or(Ok(()))
}

/// A line of the asked fields alone.
fn pick(line: &[u8], fields: &[String]) -> Result<String> {
    let record: std::collections::HashMap<&str, &RawValue> = serde_json::from_slice(line)?;
    let mut picked = String::from("{");
    for (field_idx, field) in fields.iter().enumerate() {
        let value = record
            .get(field.as_str())
            .with_context(|| format!("no field `{field}`"))?;
        if field_idx > 0 {
            picked.push(',');
        }
        picked += &format!("\"{field}\":{value}");
    }
    picked.push_str("}\n");
    Ok(picked)
}

/// What to end with after a failed write: a closed pipe is a success.
fn ends_early(written: io::Result<()>) -> Option<Result<()>> {
    match written {
        Ok(()) => None,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Some(Ok(())),
        Err(error) => Some(Err(error).context("cannot write to standard output")),
    }
}
