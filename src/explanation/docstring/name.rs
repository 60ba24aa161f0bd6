//! What the name of a function or parameter says, in words.

use super::super::facts::{Facts, Kind};
use super::super::telling::say;
use super::style::Style;
use super::voice::Voice;

/// Verbs that names begin with, and what they are in Chinese.
const VERBS: &[(&str, &str)] = &[
    ("accept", "接受"),
    ("add", "添加"),
    ("append", "追加"),
    ("apply", "应用"),
    ("assert", "断言"),
    ("assign", "分配"),
    ("attach", "附加"),
    ("begin", "开始"),
    ("bind", "绑定"),
    ("build", "构建"),
    ("calculate", "计算"),
    ("call", "调用"),
    ("cancel", "取消"),
    ("change", "更改"),
    ("check", "检查"),
    ("choose", "选择"),
    ("clean", "清理"),
    ("clear", "清空"),
    ("close", "关闭"),
    ("collect", "收集"),
    ("compare", "比较"),
    ("compile", "编译"),
    ("compute", "计算"),
    ("configure", "配置"),
    ("connect", "连接"),
    ("convert", "转换"),
    ("copy", "复制"),
    ("count", "统计"),
    ("create", "创建"),
    ("decode", "解码"),
    ("define", "定义"),
    ("delete", "删除"),
    ("detect", "检测"),
    ("disable", "禁用"),
    ("dispatch", "分派"),
    ("do", "执行"),
    ("download", "下载"),
    ("draw", "绘制"),
    ("dump", "转储"),
    ("emit", "发出"),
    ("enable", "启用"),
    ("encode", "编码"),
    ("end", "结束"),
    ("ensure", "确保"),
    ("escape", "转义"),
    ("execute", "执行"),
    ("expand", "展开"),
    ("export", "导出"),
    ("extract", "提取"),
    ("fetch", "获取"),
    ("fill", "填充"),
    ("filter", "筛选"),
    ("find", "查找"),
    ("finish", "完成"),
    ("fix", "修复"),
    ("flush", "刷新"),
    ("format", "格式化"),
    ("generate", "生成"),
    ("get", "获取"),
    ("guess", "猜测"),
    ("handle", "处理"),
    ("import", "导入"),
    ("initialize", "初始化"),
    ("insert", "插入"),
    ("install", "安装"),
    ("iterate", "遍历"),
    ("join", "连接"),
    ("list", "列出"),
    ("load", "加载"),
    ("log", "记录"),
    ("make", "创建"),
    ("map", "映射"),
    ("match", "匹配"),
    ("merge", "合并"),
    ("move", "移动"),
    ("normalize", "规范化"),
    ("notify", "通知"),
    ("open", "打开"),
    ("parse", "解析"),
    ("pop", "弹出"),
    ("prepare", "准备"),
    ("print", "打印"),
    ("process", "处理"),
    ("push", "推入"),
    ("put", "放入"),
    ("read", "读取"),
    ("receive", "接收"),
    ("register", "注册"),
    ("reload", "重新加载"),
    ("remove", "移除"),
    ("rename", "重命名"),
    ("render", "渲染"),
    ("replace", "替换"),
    ("reset", "重置"),
    ("resolve", "解析"),
    ("run", "运行"),
    ("save", "保存"),
    ("search", "搜索"),
    ("select", "选择"),
    ("send", "发送"),
    ("set", "设置"),
    ("show", "显示"),
    ("skip", "跳过"),
    ("sort", "排序"),
    ("split", "拆分"),
    ("start", "启动"),
    ("stop", "停止"),
    ("test", "测试"),
    ("update", "更新"),
    ("validate", "验证"),
    ("visit", "访问"),
    ("write", "写入"),
];

/// Methods that Python calls itself, in English and Chinese.
const SPECIAL: &[(&str, &str, &str)] = &[
    (
        "__repr__",
        "Return a representation for developers",
        "返回供开发者阅读的表示",
    ),
    (
        "__str__",
        "Return a readable representation",
        "返回可读的字符串表示",
    ),
    (
        "__bytes__",
        "Return a representation in bytes",
        "返回字节表示",
    ),
    ("__len__", "Return the number of items", "返回元素个数"),
    (
        "__bool__",
        "Return whether it counts as true",
        "返回是否为真",
    ),
    ("__iter__", "Iterate over the items", "遍历元素"),
    ("__next__", "Return the next item", "返回下一个元素"),
    (
        "__contains__",
        "Return whether an item is in it",
        "返回是否包含某元素",
    ),
    ("__getitem__", "Return an item", "返回一个元素"),
    ("__setitem__", "Set an item", "设置一个元素"),
    ("__delitem__", "Delete an item", "删除一个元素"),
    (
        "__getattr__",
        "Return an attribute that is not found otherwise",
        "返回未找到的属性",
    ),
    ("__setattr__", "Set an attribute", "设置属性"),
    ("__delattr__", "Delete an attribute", "删除属性"),
    ("__enter__", "Enter the context", "进入上下文"),
    ("__exit__", "Leave the context", "离开上下文"),
    ("__aenter__", "Enter the context", "进入上下文"),
    ("__aexit__", "Leave the context", "离开上下文"),
    ("__call__", "Call it as a function", "作为函数调用"),
    ("__eq__", "Return whether it equals another", "返回是否相等"),
    (
        "__lt__",
        "Return whether it is less than another",
        "返回是否小于另一个",
    ),
    ("__hash__", "Return the hash", "返回哈希值"),
    ("__del__", "Clean up when it is destroyed", "在销毁时清理"),
    ("__init_subclass__", "Set up a subclass", "设置子类"),
];

/// The words of a name: `parse_HTMLPage` has `parse`, `HTML`, `page`.
pub(in super::super) fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for part in name.split('_').filter(|part| !part.is_empty()) {
        let chars: Vec<char> = part.chars().collect();
        let mut word = String::new();
        for (at, c) in chars.iter().enumerate() {
            let before = at.checked_sub(1).and_then(|at| chars.get(at));
            let next_is_lower = chars.get(at + 1).is_some_and(|next| next.is_lowercase());
            let starts = c.is_uppercase()
                && before.is_some_and(|before| {
                    before.is_lowercase() || before.is_uppercase() && next_is_lower
                });
            if starts {
                words.push(std::mem::take(&mut word));
            }
            word.push(*c);
        }
        words.push(word);
    }
    let is_name = |word: &str| word.len() > 1 && !word.chars().any(char::is_lowercase);
    for word in &mut words {
        // What is all capitals is a name, as is what a whole name is.
        if !is_name(word) || is_name(name) {
            *word = word.to_lowercase();
        }
    }
    words
}

/// The first line of a docstring, as the name has it.
pub(super) fn summary(voice: &Voice<'_>, facts: &Facts) -> String {
    let signature = &facts.signature;
    let name = signature.name.as_str();
    let class = signature
        .qualified_name
        .rsplit('.')
        .nth(1)
        .unwrap_or_default();
    let special = SPECIAL.iter().find(|(special, ..)| *special == name);
    if let Some((_, english, chinese)) = special {
        return voice.sentence(say_of(voice, english, chinese));
    }
    if name.starts_with("__") && name.ends_with("__") {
        let code = voice.code(name);
        return voice.sentence(&match name {
            "__init__" => {
                let class = voice.code(class);
                say!(voice, "Initialize a {class}", "初始化 {class}")
            }
            "__new__" => {
                let class = voice.code(class);
                say!(voice, "Create a {class}", "创建 {class}")
            }
            _ => say!(voice, "Implement {code}", "实现 {code}"),
        });
    }
    let words = words(name);
    let Some((first, rest)) = words.split_first() else {
        let code = voice.code(name);
        return say!(voice, "Handle {code}.", "处理 {code}。");
    };
    let rest = rest.join(" ");
    let all = words.join(" ");
    let text = match first.as_str() {
        _ if signature.kind == Kind::Property => say!(voice, "the {all}", "{all}"),
        "is" | "has" | "can" | "should" | "was" if !rest.is_empty() => {
            say!(voice, "return whether it {first} {rest}", "返回是否 {rest}")
        }
        "to" | "as" if !rest.is_empty() => say!(voice, "convert to {rest}", "转换为 {rest}"),
        "from" if !rest.is_empty() => say!(voice, "create from {rest}", "由 {rest} 创建"),
        "on" if !rest.is_empty() => say!(voice, "handle {rest}", "处理 {rest}"),
        "init" => say!(voice, "initialize {rest}", "初始化 {rest}"),
        "setup" => say!(voice, "set up {rest}", "设置 {rest}"),
        "teardown" => say!(voice, "tear down {rest}", "清理 {rest}"),
        "main" if rest.is_empty() => say!(voice, "run the program", "运行程序"),
        _ => match VERBS.iter().find(|(verb, _)| verb == first) {
            Some((_, chinese)) => {
                let plain = match rest.is_empty() {
                    true => argument(facts),
                    false => rest,
                };
                let object = with_article(&plain);
                say!(voice, "{first} {object}", "{chinese} {plain}")
            }
            None => noun(voice, facts, &all),
        },
    };
    voice.sentence(&text)
}

/// A name that begins with no verb that is known: what it gives is called so.
fn noun(voice: &Voice<'_>, facts: &Facts, all: &str) -> String {
    let is_value = |value: &Option<String>| value.as_deref().is_some_and(|it| it != "None");
    let returns = facts.results.returns.iter().any(|one| is_value(&one.value));
    let annotation = facts.signature.return_annotation.as_deref();
    let the = match all.chars().count() > 2 {
        true => format!("the {all}"),
        false => format!("the result of {}", voice.code(&facts.signature.name)),
    };
    if !facts.results.yields.is_empty() {
        say!(voice, "yield {the}", "逐个产出 {all}")
    } else if returns || annotation.is_some_and(|it| it != "None") {
        say!(voice, "return {the}", "返回 {all}")
    } else if all.chars().count() > 2 {
        // What gives nothing is called after what it does.
        let (verb, object) = all.split_once(' ').unwrap_or((all, ""));
        let object = with_article(object);
        say!(voice, "{verb} {object}", "执行 {all}")
    } else {
        let code = voice.code(&facts.signature.name);
        say!(voice, "run {code}", "执行 {code}")
    }
}

/// The first argument in words: what `put` is done to. Empty where its name is no word.
fn argument(facts: &Facts) -> String {
    let first = super::content::spoken_of(facts).next();
    let words = first.map_or(String::new(), |first| words(&first.name).join(" "));
    if words.chars().count() > 2 {
        words
    } else {
        String::new()
    }
}

/// Words behind a verb that take no article.
const BARE: &[&str] = &[
    "all", "and", "any", "as", "at", "back", "by", "down", "each", "every", "for", "from", "if",
    "in", "into", "is", "it", "more", "new", "next", "no", "not", "of", "off", "on", "one", "or",
    "out", "over", "self", "to", "up", "with", "without",
];

/// What a verb is done to: `the item`.
fn with_article(rest: &str) -> String {
    let first = rest.split(' ').next().unwrap_or_default();
    match first.is_empty() || BARE.contains(&first) || first.ends_with("ly") {
        true => rest.to_owned(),
        false => format!("the {rest}"),
    }
}

fn say_of<'a>(voice: &Voice<'_>, english: &'a str, chinese: &'a str) -> &'a str {
    match voice.tongue.is_chinese() {
        true => chinese,
        false => english,
    }
}

/// What a parameter's name says of it.
pub(super) fn parameter(voice: &Voice<'_>, name: &str, annotation: Option<&str>) -> String {
    let words = words(name);
    let Some((first, rest)) = words.split_first() else {
        // Only underscores.
        return say!(voice, "not used", "未使用");
    };
    let rest = rest.join(" ");
    let all = words.join(" ");
    let is_flag = annotation == Some("bool");
    let is_short = all.chars().count() <= 2 && voice.style != Style::Line;
    match first.as_str() {
        "n" | "num" if !rest.is_empty() => say!(voice, "the number of {rest}", "{rest} 的数量"),
        "is" | "has" if !rest.is_empty() => say!(voice, "whether it {first} {rest}", "是否 {rest}"),
        _ if is_flag => say!(voice, "the {all} flag", "{all} 标志"),
        _ if is_short => {
            let code = voice.code(name);
            say!(voice, "the value {code}", "{code} 的值")
        }
        _ => say!(voice, "the {all}", "{all}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cut_at_underscores_and_capitals() {
        assert_eq!(words("parse_HTMLPage"), ["parse", "HTML", "page"]);
        assert_eq!(words("_setUp2"), ["set", "up2"]);
        assert_eq!(words("do_GET"), ["do", "GET"]);
        assert_eq!(words("MAX_SIZE"), ["max", "size"]);
        assert_eq!(words("__"), Vec::<String>::new());
    }
}
