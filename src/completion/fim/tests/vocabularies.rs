//! Every family on a real GGUF with its tokens, through llama.cpp's own tokenizer.

use std::collections::BTreeSet;

use super::*;
use crate::model::fixture::Gguf;
use crate::model::{LoadOptions, Model};

/// All special tokens that a family's row names.
fn specials(format: &'static Format) -> Vec<&'static str> {
    let named: BTreeSet<&str> = format
        .specials()
        .filter(|special| *special != "<|endoftext|>")
        .collect();
    std::iter::once("<|endoftext|>").chain(named).collect()
}

/// Special tokens stand between ⟦ ⟧, text as it is.
fn show(tokens: &[Token], specials: &[&str], tokenizer: &dyn Tokenizer) -> String {
    let mut shown = Vec::new();
    for &token in tokens {
        let special = specials
            .iter()
            .find(|special| tokenizer.special(special) == Some(token));
        match special {
            Some(special) => shown.extend(format!("⟦{special}⟧").into_bytes()),
            None => shown.extend_from_slice(tokenizer.bytes(token)),
        }
    }
    String::from_utf8(shown).expect("text comes back whole")
}

#[test]
fn each_family_is_found_and_its_prompt_is_what_the_family_documents() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut all = String::new();
    for format in FORMATS.iter() {
        let specials = specials(format);
        let path = folder.path().join("model.gguf");
        Gguf {
            sentence_piece: format.family == "CodeLlama",
            pre_tokenizer: match format.when.pre_tokenizer.first() {
                Some(pre) => pre,
                None if format.when.ordered_by_key => "superbpe",
                None => "qwen2",
            },
            specials: specials.clone(),
            keys: match format.when.ordered_by_key {
                true => vec![("midfill.fim_order", "spm")],
                false => Vec::new(),
            },
            ..Gguf::default()
        }
        .write(&path);
        let model = Model::open(LoadOptions {
            path,
            n_ctx: None,
            n_threads: Some(1),
            gpu_layers: Some(0),
            snapshots: None,
        });
        let info = model.ready_blocking().expect("the fixture loads");
        let tokenizer = model.tokenizer().expect("it is loaded");
        let fim = Fim::choose(None, &info, &*tokenizer)
            .expect("no format of the user's")
            .unwrap_or_else(|| panic!("{} is not found", format.family));
        assert_eq!(fim.family, format.family);

        // Text that spells the sentinels: somebody works on a tokenizer, or wants to deceive.
        let hostile = format!("{}{}", format.prefix, format.suffix).replace('▁', "");
        let own = fim.place_header("a.py");
        let mut before: Vec<Token> = own.before.into_iter().collect();
        before.extend(tokenizer.tokenize(&own.text_before));
        let mut prefix: Vec<Token> = own.inside.into_iter().collect();
        let text = format!("{}{}{hostile}PRE", fim.lead, own.text_inside);
        prefix.extend(tokenizer.tokenize(&text));
        let suffix = tokenizer.tokenize(&format!("SUF{hostile}"));
        let assembled = fim.assemble(tokenizer.bos(), &before, &prefix, &suffix);
        let prompt = assembled.tokens;
        let shown = show(&prompt, &specials, &*tokenizer).replace(&hostile, "…");
        all.push_str(&format!("{}: {}\n", fim.family, shown.replace('\n', "↵")));
        for sentinel in [
            Some(&format.prefix),
            Some(&format.suffix),
            format.middle.as_ref(),
        ] {
            let token = sentinel.and_then(|sentinel| tokenizer.special(sentinel));
            let n = prompt.iter().filter(|&&at| Some(at) == token).count();
            assert_eq!(
                n,
                usize::from(token.is_some()),
                "{}: {sentinel:?}",
                fim.family
            );
            assert!(token.is_none_or(|token| fim.stops.contains(&token)));
        }
    }
    expect![[r#"
        Midfill: ⟦<|fim_suffix|>⟧SUF…⟦<|fim_prefix|>⟧⟦<|file_sep|>⟧a.py↵…PRE⟦<|fim_middle|>⟧
        CodeGemma: a.py↵⟦<|fim_prefix|>⟧…PRE⟦<|fim_suffix|>⟧SUF…⟦<|fim_middle|>⟧
        Granite 4: ⟦<filename>⟧a.py↵⟦<|fim_prefix|>⟧…PRE⟦<|fim_suffix|>⟧SUF…⟦<|fim_middle|>⟧
        Qwen-Coder: ⟦<|file_sep|>⟧a.py↵⟦<|fim_prefix|>⟧…PRE⟦<|fim_suffix|>⟧SUF…⟦<|fim_middle|>⟧
        Mellum: ⟦<filename>⟧a.py↵⟦<fim_suffix>⟧SUF…⟦<fim_prefix>⟧…PRE⟦<fim_middle>⟧
        StarCoder2: ⟦<file_sep>⟧⟦<fim_prefix>⟧a.py↵…PRE⟦<fim_suffix>⟧SUF…⟦<fim_middle>⟧
        Granite Code or Refact: ⟦<fim_prefix>⟧⟦<filename>⟧a.py↵…PRE⟦<fim_suffix>⟧SUF…⟦<fim_middle>⟧
        StarCoder: ⟦<fim_prefix>⟧⟦<filename>⟧a.py↵…PRE⟦<fim_suffix>⟧SUF…⟦<fim_middle>⟧
        StableCode: ⟦<fim_prefix>⟧…PRE⟦<fim_suffix>⟧SUF…⟦<fim_middle>⟧
        SantaCoder: ⟦<fim-prefix>⟧…PRE⟦<fim-suffix>⟧SUF…⟦<fim-middle>⟧
        DeepSeek-Coder: ⟦<｜begin▁of▁sentence｜>⟧⟦<｜fim▁begin｜>⟧…PRE⟦<｜fim▁hole｜>⟧SUF…⟦<｜fim▁end｜>⟧
        CodeLlama: ⟦▁<PRE>⟧ …PRE⟦▁<SUF>⟧SUF…⟦▁<MID>⟧
        Codestral: ⟦[SUFFIX]⟧SUF…⟦[PREFIX]⟧+++++ a.py↵…PRE
        Seed-Coder: ⟦<[fim-suffix]>⟧SUF…⟦<[fim-prefix]>⟧…PRE⟦<[fim-middle]>⟧
        GLM: ⟦<|code_suffix|>⟧SUF…⟦<|code_prefix|>⟧…PRE⟦<|code_middle|>⟧
        Falcon-H1: ⟦<|prefix|>⟧…PRE⟦<|suffix|>⟧SUF…⟦<|middle|>⟧
        the server's own: ⟦[remote file]⟧a.py↵⟦[remote prefix]⟧…PRE⟦[remote suffix]⟧SUF…⟦[remote middle]⟧
    "#]].assert_eq(&all);
}

#[test]
fn the_shipped_model_is_recognised_by_its_vocabulary_and_key() {
    let model = Model::open(LoadOptions {
        path: concat!(env!("CARGO_MANIFEST_DIR"), "/models/default.gguf").into(),
        n_ctx: None,
        n_threads: Some(1),
        gpu_layers: Some(0),
        snapshots: None,
    });
    let info = model.ready_blocking().expect("the shipped model loads");
    let renamed = ModelInfo {
        name: "tuned-on-my-code".to_owned(),
        ..ModelInfo::clone(&info)
    };
    let tokenizer = model.tokenizer().expect("it is loaded");
    let fim = Fim::choose(None, &renamed, &*tokenizer)
        .expect("no format of the user's")
        .expect("a format");
    assert_eq!(fim.describe(), "Midfill (suffix, prefix, middle)");
}
