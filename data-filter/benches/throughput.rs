//! Where the time of a run goes, step by step, on one core: `cargo bench -p data-filter -- REPOS…`
//!
//! Each step runs alone over the same texts: what cannot be undercut is the first one, reading.

use std::hint::black_box;
use std::time::{Duration, Instant};

use clap::Parser;
use data_filter::args::{Args, Command};
use data_filter::dedup::Content;
use data_filter::filter::{Filters, Text, Verdict};
use data_filter::plan::Plan;
use data_filter::record::Record;
use data_filter::source::{Listing, Reader};

fn main() -> anyhow::Result<()> {
    let inputs: Vec<_> = std::env::args()
        .skip(1)
        .filter(|argument| argument != "--bench")
        .collect();
    if inputs.is_empty() {
        eprintln!("give directories or git repositories: cargo bench -p data-filter -- REPOS…");
        return Ok(());
    }
    let typed = ["data-filter", "run", "--out", "unused"].map(String::from);
    let Command::Run(args) = Args::parse_from(typed.into_iter().chain(inputs)).command else {
        unreachable!("`run` was typed");
    };
    let plan = Plan::check(args)?;

    let started = Instant::now();
    let listings: Vec<_> = (0..plan.inputs.len())
        .filter_map(|input_idx| Listing::open(&plan, input_idx).ok())
        .collect();
    let listed = started.elapsed();

    let started = Instant::now();
    let mut wanted = Vec::new();
    for listing in &listings {
        let reader = listing.reader();
        for entry in &listing.entries {
            let bytes = reader.size(&entry.at).unwrap_or(u64::MAX);
            if plan.filters.verdict_on_size(bytes) == Verdict::Keep {
                wanted.push((listing, entry));
            }
        }
    }
    let sized = started.elapsed();

    let started = Instant::now();
    let mut texts = Vec::new();
    let mut reader: Option<(&Listing, Reader)> = None;
    for (listing, entry) in wanted {
        let (_, reader) = match &mut reader {
            Some(open) if std::ptr::eq(open.0, listing) => open,
            open => open.insert((listing, listing.reader())),
        };
        if let Ok((content, _)) = reader.read(&entry.at) {
            texts.push(content);
        }
    }
    let read = started.elapsed();
    let n_bytes: usize = texts.iter().map(Vec::len).sum();
    println!("{} texts, {:.1} MB", texts.len(), n_bytes as f64 / 1e6);
    let print = |step: &str, time: Duration| {
        println!(
            "{step:<28} {:>8.0} MB/s",
            n_bytes as f64 / 1e6 / time.as_secs_f64()
        );
    };
    print("list", listed);
    print("sizes", sized);
    print("read", read);
    let filters: &Filters = &plan.filters;
    print(
        "filters",
        best_of_three(&texts, |text| filters.verdict(text)),
    );
    print(
        "  of these: counts",
        best_of_three(&texts, |text| {
            Text::measure(text).map(|text| text.longest_line)
        }),
    );
    print("hash", best_of_three(&texts, Content::of));
    print("to JSON", best_of_three(&texts, to_json));
    Ok(())
}

fn best_of_three<T>(texts: &[Vec<u8>], step: impl Fn(&[u8]) -> T) -> Duration {
    (0..3)
        .map(|_| {
            let started = Instant::now();
            for text in texts {
                black_box(step(black_box(text)));
            }
            started.elapsed()
        })
        .min()
        .unwrap_or_default()
}

fn to_json(text: &[u8]) -> Option<Vec<u8>> {
    let record = Record {
        repo: String::new(),
        commit: None,
        path: String::new(),
        blob: String::new(),
        licence: None,
        bytes: text.len() as u64,
        text: str::from_utf8(text).ok()?.to_owned(),
    };
    serde_json::to_vec(&record).ok()
}
