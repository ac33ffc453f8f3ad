//! The query language of OCI Logging, as far as the queries use it; everything else is refused.
//!
//! Source: docs/spec/oci-services.md#logging-query-language.

use std::collections::BTreeSet;

/// Of one value.
const SCALAR: [&str; 11] = [
    "concat",
    "contains_ci",
    "contains_cs",
    "isnotnull",
    "isnull",
    "lower",
    "not",
    "rounddown",
    "substr",
    "time_format",
    "upper",
];
/// Of many entries.
const AGGREGATE: [&str; 7] = ["avg", "count", "first", "last", "max", "min", "sum"];

#[derive(Clone, Debug, PartialEq)]
enum Token {
    /// A name or a keyword; of a field, with its dots.
    Word(String),
    Number,
    /// In single quotes.
    Text,
    /// In double quotes.
    Stream(String),
    Sign(String),
}

/// What a query searches, and what it names of the entries.
#[derive(Debug, PartialEq)]
pub(crate) struct Query {
    pub(crate) stream: String,
    pub(crate) fields: BTreeSet<String>,
}

impl Query {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let tokens = tokens(text)?;
        let mut reader = Reader { tokens, at: 0, columns: None, fields: BTreeSet::new() };
        reader.word("search")?;
        let Some(Token::Stream(stream)) = reader.next() else {
            return Err("no log stream in double quotes".to_owned());
        };
        while reader.peek().is_some() {
            reader.sign("|")?;
            reader.stage()?;
        }
        Ok(Self { stream, fields: reader.fields })
    }
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let lines = text.lines().map(|line| line.split_once("--").map_or(line, |(code, _)| code));
    let code = lines.collect::<Vec<_>>().join("\n");
    let mut tokens = Vec::new();
    let mut rest = code.trim_start();
    while let Some(first) = rest.chars().next() {
        let length =
            |part: fn(char) -> bool| rest.find(|letter| !part(letter)).unwrap_or(rest.len());
        let quoted = || rest.get(1..)?.find(first).map(|end| end + 2);
        let end = match first {
            '\'' | '"' => quoted().ok_or_else(|| format!("no end of {rest}"))?,
            'a'..='z' | 'A'..='Z' | '_' => {
                length(|letter| letter.is_ascii_alphanumeric() || "_.".contains(letter))
            }
            '0'..='9' => length(|letter| letter.is_ascii_digit() || letter == '.'),
            '<' | '>' | '!' if rest.get(1..2) == Some("=") => 2,
            _ => first.len_utf8(),
        };
        let (part, after) = rest.split_at(end);
        tokens.push(match first {
            '\'' => Token::Text,
            '"' => Token::Stream(part.trim_matches('"').to_owned()),
            '0'..='9' => Token::Number,
            _ if first.is_ascii_alphabetic() || first == '_' => Token::Word(part.to_owned()),
            _ => Token::Sign(part.to_owned()),
        });
        rest = after.trim_start();
    }
    Ok(tokens)
}

struct Reader {
    tokens: Vec<Token>,
    at: usize,
    /// What there is to name after `select` or `summarize`; before, the fields of an entry.
    columns: Option<BTreeSet<String>>,
    fields: BTreeSet<String>,
}

impl Reader {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn next(&mut self) -> Option<Token> {
        let token = self.peek().cloned();
        self.at += 1;
        token
    }

    fn takes(&mut self, token: &Token) -> bool {
        let there = self.peek() == Some(token);
        self.at += usize::from(there);
        there
    }

    fn takes_word(&mut self, word: &str) -> bool {
        self.takes(&Token::Word(word.to_owned()))
    }

    fn takes_sign(&mut self, sign: &str) -> bool {
        self.takes(&Token::Sign(sign.to_owned()))
    }

    fn word(&mut self, word: &str) -> Result<(), String> {
        self.takes_word(word)
            .then_some(())
            .ok_or_else(|| format!("{word} before {:?}", self.peek()))
    }

    fn sign(&mut self, sign: &str) -> Result<(), String> {
        self.takes_sign(sign)
            .then_some(())
            .ok_or_else(|| format!("{sign} before {:?}", self.peek()))
    }

    fn stage(&mut self) -> Result<(), String> {
        let Some(Token::Word(operator)) = self.next() else {
            return Err("an empty stage".to_owned());
        };
        match operator.as_str() {
            "where" => self.either(&SCALAR),
            "top" => {
                self.takes(&Token::Number).then_some(()).ok_or("top without a number")?;
                self.word("by")?;
                self.either(&SCALAR)
            }
            "sort" => {
                self.word("by")?;
                self.list(|reader| {
                    reader.either(&SCALAR)?;
                    let _ = reader.takes_word("asc") || reader.takes_word("desc");
                    Ok(())
                })
            }
            "select" => {
                let columns = self.columns(&SCALAR)?;
                self.columns = Some(columns);
                Ok(())
            }
            "summarize" => {
                let mut columns = self.columns(&AGGREGATE)?;
                if self.takes_word("by") {
                    columns.extend(self.columns(&SCALAR)?);
                }
                self.columns = Some(columns);
                Ok(())
            }
            other => Err(format!("the operator {other}")),
        }
    }

    fn list(&mut self, mut one: impl FnMut(&mut Self) -> Result<(), String>) -> Result<(), String> {
        one(self)?;
        while self.takes_sign(",") {
            one(self)?;
        }
        Ok(())
    }

    /// Expressions, each with its name: of one without, which must be a field, its own.
    fn columns(&mut self, functions: &[&str]) -> Result<BTreeSet<String>, String> {
        let mut columns = BTreeSet::new();
        self.list(|reader| {
            let own = match reader.peek() {
                Some(Token::Word(name)) => name.clone(),
                other => return Err(format!("a column of {other:?}")),
            };
            reader.either(functions)?;
            let named = reader.takes_word("as");
            let name = match named.then(|| reader.next()) {
                None if !functions.contains(&own.as_str()) => own,
                Some(Some(Token::Word(name))) if !name.contains('.') => name,
                other => return Err(format!("a column without a name: {own}, {other:?}")),
            };
            columns.insert(name.clone()).then_some(()).ok_or_else(|| format!("two columns {name}"))
        })?;
        Ok(columns)
    }

    fn either(&mut self, functions: &[&str]) -> Result<(), String> {
        self.comparison(functions)?;
        while self.takes_word("or") || self.takes_word("and") {
            self.comparison(functions)?;
        }
        Ok(())
    }

    fn comparison(&mut self, functions: &[&str]) -> Result<(), String> {
        self.value(functions)?;
        let compares = ["=", "!=", ">", ">=", "<", "<="].iter().any(|sign| self.takes_sign(sign));
        if compares { self.value(functions) } else { Ok(()) }
    }

    fn value(&mut self, functions: &[&str]) -> Result<(), String> {
        match self.next() {
            Some(Token::Number | Token::Text) => Ok(()),
            Some(Token::Word(name)) if self.takes_sign("(") => {
                let known = functions.contains(&name.as_str());
                known.then_some(()).ok_or_else(|| format!("the function {name}"))?;
                if !(name == "count" && self.peek() == Some(&Token::Sign(")".to_owned()))) {
                    self.list(|reader| reader.value(&SCALAR))?;
                }
                self.sign(")")
            }
            Some(Token::Word(name)) => self.field(name),
            other => Err(format!("no value: {other:?}")),
        }
    }

    fn field(&mut self, name: String) -> Result<(), String> {
        match &self.columns {
            Some(columns) if !columns.contains(&name) => Err(format!("no column {name}")),
            Some(_) => Ok(()),
            None if name.split('.').any(str::is_empty) => Err(format!("no field: {name}")),
            None => {
                self.fields.insert(name);
                Ok(())
            }
        }
    }
}

#[test]
fn a_query_is_read() {
    let text = "-- why\nsearch \"a/b/c\" | where x.y > 1 and isnull(z) or logContent = '*|\"*'\n\
                | summarize count() as n, max(x.y) as most by rounddown(datetime, '5m') as at, z\n| sort by n desc, z\n";
    let fields = ["datetime", "logContent", "x.y", "z"].map(str::to_owned).into();
    assert_eq!(Query::parse(text), Ok(Query { stream: "a/b/c".to_owned(), fields }));
}

#[test]
fn a_broken_query_is_refused() {
    let good =
        "search \"a\" | where x > 1 | summarize count() as n by y as z | top 3 by n | select z";
    assert!(Query::parse(good).is_ok(), "{:?}", Query::parse(good));
    for (part, broken) in [
        ("search", "find"),
        ("\"a\"", "a"),
        ("\"a\"", "\"a"),
        (" | where", " where"),
        ("where", "wher"),
        ("x > 1", ""),
        ("x > 1", "x >"),
        ("x > 1", "x => 1"),
        ("x > 1", "x = 'a"),
        ("x > 1", "count(x)"),
        ("count()", "percentile(x, 99)"),
        ("count()", "count("),
        ("count() as n", "count()"),
        ("as n", "as z"),
        ("top 3", "top"),
        ("by n |", "by m |"),
        ("select z", "select y"),
        ("select z", "select z |"),
        ("select z", "select"),
    ] {
        let text = good.replacen(part, broken, 1);
        assert!(Query::parse(&text).is_err(), "taken though broken: {text}");
    }
}
