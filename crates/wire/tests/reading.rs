//! Prometheus' text format of version 0.0.4, read by its rules: an error where one is broken.
//!
//! It shares nothing with what writes.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// Labels with their values.
pub type Labels = BTreeMap<String, String>;

/// A metric with its samples.
#[derive(Debug)]
pub struct Family {
    pub help: String,
    pub kind: String,
    /// Names, which end in `_bucket`, `_sum` and `_count` in a histogram, labels and values.
    pub samples: Vec<(String, Labels, f64)>,
}

/// The families of a text, by their names.
pub fn read(text: &str) -> Result<BTreeMap<String, Family>, String> {
    if !text.is_empty() && !text.ends_with('\n') {
        return Err("the last line does not end".to_owned());
    }
    let mut families: BTreeMap<String, Family> = BTreeMap::new();
    let mut current = String::new();
    let mut help: Option<(String, String)> = None;
    for (n, line) in text.lines().enumerate() {
        let wrong = |why: &str| format!("line {}: {why}: {line:?}", n + 1);
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, text) =
                rest.split_once(' ').ok_or_else(|| wrong("a HELP without a text"))?;
            if help.is_some() {
                return Err(wrong("a HELP after a HELP"));
            }
            help = Some((name.to_owned(), unescaped(text, "\\n").ok_or_else(|| wrong("escape"))?));
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) =
                rest.split_once(' ').ok_or_else(|| wrong("a TYPE without a type"))?;
            let Some((of, help)) = help.take() else { return Err(wrong("a TYPE without a HELP")) };
            if of != name || !is_name(name, ":") {
                return Err(wrong("a TYPE of another name than its HELP, or no name"));
            }
            if !["counter", "gauge", "histogram"].contains(&kind) {
                return Err(wrong("no type"));
            }
            let family = Family { help, kind: kind.to_owned(), samples: Vec::new() };
            match families.entry(name.to_owned()) {
                Entry::Occupied(_) => return Err(wrong("a metric for the second time")),
                Entry::Vacant(place) => place.insert(family),
            };
            current = name.to_owned();
        } else if line.starts_with('#') || line.is_empty() {
            return Err(wrong("a line that nobody needs"));
        } else {
            let (name, labels, value) = sample(line).ok_or_else(|| wrong("no sample"))?;
            let family =
                families.get_mut(&current).ok_or_else(|| wrong("a sample before a TYPE"))?;
            if !belongs(&name, &current, &family.kind) {
                return Err(wrong("a sample of another metric"));
            }
            if family.samples.iter().any(|(of, known, _)| *of == name && *known == labels) {
                return Err(wrong("the same series for the second time"));
            }
            family.samples.push((name, labels, value));
        }
    }
    for (name, family) in &families {
        check(name, family).map_err(|why| format!("{name}: {why}"))?;
    }
    Ok(families)
}

/// Whether it is a name: letters, digits, `_` and what of `more` is allowed, and no digit at first.
fn is_name(text: &str, more: &str) -> bool {
    let is = |c: char| c.is_ascii_alphanumeric() || c == '_' || more.contains(c);
    !text.is_empty() && text.chars().all(is) && !text.starts_with(|c: char| c.is_ascii_digit())
}

fn belongs(sample: &str, family: &str, kind: &str) -> bool {
    match sample.strip_prefix(family) {
        Some("") => kind != "histogram",
        Some("_bucket" | "_sum" | "_count") => kind == "histogram",
        _ => false,
    }
}

/// A line as `name{label="value",...} value`.
fn sample(line: &str) -> Option<(String, Labels, f64)> {
    let n_name = line.find(['{', ' '])?;
    let (name, mut rest) = line.split_at(n_name);
    let mut labels = Labels::new();
    if let Some(mut inner) = rest.strip_prefix('{') {
        loop {
            let (label, value) = inner.split_once("=\"")?;
            if !is_name(label, "") || label.starts_with("__") {
                return None;
            }
            let n_value = end_of_text(value)?;
            let text = unescaped(&value[..n_value], "\\n\"")?;
            if labels.insert(label.to_owned(), text).is_some() {
                return None;
            }
            match value[n_value + 1..].strip_prefix(',') {
                Some(more) => inner = more,
                None => {
                    rest = value[n_value + 1..].strip_prefix('}')?;
                    break;
                }
            }
        }
    }
    let value = rest.strip_prefix(' ')?;
    let value = match value {
        "+Inf" => f64::INFINITY,
        "-Inf" => f64::NEG_INFINITY,
        "NaN" => f64::NAN,
        _ if value.starts_with(|c: char| c.is_ascii_digit() || c == '-') => value.parse().ok()?,
        _ => return None,
    };
    is_name(name, ":").then(|| (name.to_owned(), labels, value))
}

/// Where the `"` stands that is not escaped.
fn end_of_text(text: &str) -> Option<usize> {
    let mut is_escaped = false;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'"' if !is_escaped => return Some(at),
            b'\\' => is_escaped = !is_escaped,
            _ => is_escaped = false,
        }
    }
    None
}

/// The text without its escapes, of which those of `allowed` may be there; what has to be escaped is
/// not in it plainly.
fn unescaped(text: &str, allowed: &str) -> Option<String> {
    let mut found = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next()? {
                c if !allowed.contains(c) => return None,
                'n' => found.push('\n'),
                c => found.push(c),
            },
            '"' if allowed.contains('"') => return None,
            c => found.push(c),
        }
    }
    Some(found)
}

/// What holds for a metric as a whole.
fn check(name: &str, family: &Family) -> Result<(), String> {
    if family.samples.is_empty() {
        return Err("it has no sample".to_owned());
    }
    let is_counter = family.kind == "counter";
    if is_counter != name.ends_with("_total") {
        return Err("counters, and they alone, end in _total".to_owned());
    }
    if family.samples.iter().any(|(_, _, value)| is_counter && (value.is_nan() || *value < 0.0)) {
        return Err("a counter counts from zero".to_owned());
    }
    let keys = |labels: &Labels| labels.keys().filter(|key| *key != "le").cloned().collect();
    let all: Vec<Vec<String>> = family.samples.iter().map(|(_, labels, _)| keys(labels)).collect();
    if all.iter().any(|other| *other != all[0]) {
        return Err("its series have different labels".to_owned());
    }
    if family.kind == "histogram" { check_histogram(name, family) } else { Ok(()) }
}

/// Buckets grow with their bounds up to that of all, which is the count.
fn check_histogram(name: &str, family: &Family) -> Result<(), String> {
    let (mut bound_before, mut n_before) = (f64::NEG_INFINITY, 0.0);
    for (of, labels, n) in &family.samples {
        if *of != format!("{name}_bucket") {
            continue;
        }
        let bound = labels.get("le").ok_or("a bucket without a bound")?;
        let bound = if bound == "+Inf" { Ok(f64::INFINITY) } else { bound.parse() };
        let bound: f64 = bound.map_err(|_| "a bound is no number")?;
        if bound <= bound_before || *n < n_before {
            return Err("buckets do not grow".to_owned());
        }
        (bound_before, n_before) = (bound, *n);
    }
    let of = |end: &str| family.samples.iter().find(|(of, ..)| *of == format!("{name}{end}"));
    let (_, _, count) = of("_count").ok_or("there is no count")?;
    of("_sum").ok_or("there is no sum")?;
    if bound_before != f64::INFINITY || *count != n_before {
        return Err("the last bucket has not all".to_owned());
    }
    Ok(())
}

#[test]
fn a_text_that_breaks_a_rule_is_refused_and_a_sound_one_is_read() {
    let head = "# HELP a_total x\n# TYPE a_total counter\n";
    let with = |line: &str| read(&format!("{head}{line}"));
    let sound = with("a_total{b=\"c\\\\\\\"\\nd,}\",e=\"\"} 1.5\n").unwrap();
    let (_, labels, value) = &sound["a_total"].samples[0];
    assert_eq!((labels["b"].as_str(), labels["e"].as_str(), *value), ("c\\\"\nd,}", "", 1.5));
    for broken in [
        "a_total 1",
        "a_total\n",
        "a_total 1 2 3\n",
        "a_total inf\n",
        "a_total -1\n",
        "b_total 1\n",
        "a_total{b=\"c} 1\n",
        "a_total{b=\"c\"d=\"e\"} 1\n",
        "a_total{b=\"\\x\"} 1\n",
        "a_total{0b=\"c\"} 1\n",
        "a_total{b=\"c\",b=\"d\"} 1\n",
        "a_total 1\na_total 1\n",
        "a_total 1\na_total{b=\"c\"} 1\n",
        "",
        "a_total 1\n# HELP a_total x\n# TYPE a_total counter\na_total 1\n",
        "a_total 1\n# TYPE b gauge\nb 1\n",
        "a_total 1\n# HELP b_total x\n# TYPE b_total gauge\nb_total 1\n",
        "a_total 1\n# HELP b x\n# TYPE b counter\nb 1\n",
        "a_total 1\n\n",
    ] {
        assert!(with(broken).is_err(), "{broken:?} is taken for sound");
    }
    let histogram = |lines: &str| read(&format!("# HELP h x\n# TYPE h histogram\n{lines}"));
    let tail = "h_sum 1\nh_count 2\n";
    let (low, all) = ("h_bucket{le=\"0.5\"} 1\n", "h_bucket{le=\"+Inf\"} 2\n");
    assert!(histogram(&format!("{low}{all}{tail}")).is_ok());
    for broken in [
        format!("{low}{tail}"),
        format!("{all}{low}{tail}"),
        format!("{low}{all}h_sum 1\nh_count 3\n"),
        format!("{low}{all}h_count 2\n"),
        format!("h_bucket{{le=\"0.5\"}} 3\n{all}{tail}"),
    ] {
        assert!(histogram(&broken).is_err(), "{broken:?} is taken for sound");
    }
}
