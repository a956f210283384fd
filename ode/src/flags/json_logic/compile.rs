//! From the JSON of a file to a rule.

use serde_json::{Map, Value as Json};

use crate::flags::json_logic::expr::{Each, Expr, Op, Path};
use crate::flags::json_logic::value::Val;

/// The parts a rule may have, with those it refers to. Asked about on the recording thread, so it
/// has to end soon.
pub(crate) const MAX_NODES: usize = 10_000;
/// How deep it may go, which is how deep the stack goes.
const MAX_DEPTH: usize = 200;

/// Compiles one rule.
pub(crate) struct Compiler<'j> {
    /// `$evaluators`: rules that others refer to by `$ref`.
    shared: Option<&'j Map<String, Json>>,
    /// The references that are being followed.
    following: Vec<&'j str>,
    nodes: usize,
    depth: usize,
}

impl<'j> Compiler<'j> {
    pub(crate) fn new(shared: Option<&'j Map<String, Json>>) -> Self {
        Self { shared, following: Vec::new(), nodes: 0, depth: 0 }
    }

    /// The rule, or what is wrong with it.
    pub(crate) fn compile(&mut self, json: &'j Json) -> Result<Expr, String> {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            return Err(format!("the rule has more than {MAX_NODES} parts"));
        }
        if self.depth >= MAX_DEPTH {
            return Err(format!("the rule is more than {MAX_DEPTH} levels deep"));
        }
        self.depth += 1;
        let compiled = match json {
            Json::Array(items) => self.list(items),
            Json::Object(fields) => match single(fields) {
                Some((operator, arguments)) => self.operation(operator, arguments),
                None => Ok(Expr::Const(Val::Object)),
            },
            scalar => Ok(Expr::Const(Val::of_json(scalar))),
        };
        self.depth -= 1;
        compiled
    }

    fn list(&mut self, items: &'j [Json]) -> Result<Expr, String> {
        let items = self.all(items)?;
        let constant = |item: &Expr| match item {
            Expr::Const(value) => Some(value.clone()),
            _ => None,
        };
        match items.iter().map(constant).collect() {
            Some(values) => Ok(Expr::Const(Val::List(values))),
            None => Ok(Expr::List(items)),
        }
    }

    fn all(&mut self, items: &'j [Json]) -> Result<Vec<Expr>, String> {
        items.iter().map(|item| self.compile(item)).collect()
    }

    fn operation(&mut self, operator: &'j str, arguments: &'j Json) -> Result<Expr, String> {
        let arguments = match arguments {
            Json::Array(arguments) => arguments.as_slice(),
            one => std::slice::from_ref(one),
        };
        match operator {
            "$ref" => self.follow(arguments),
            "var" => self.var(arguments),
            "if" | "?:" => Ok(Expr::If(self.all(arguments)?)),
            "and" => Ok(Expr::And(self.all(arguments)?)),
            "or" => Ok(Expr::Or(self.all(arguments)?)),
            "some" => self.each(Each::Some, arguments),
            "all" => self.each(Each::All, arguments),
            "none" => self.each(Each::None, arguments),
            other => match Op::of(other) {
                Some(op) => Ok(Expr::Call(op, self.all(arguments)?)),
                None => Err(unsupported(other)),
            },
        }
    }

    fn follow(&mut self, arguments: &'j [Json]) -> Result<Expr, String> {
        let [Json::String(name)] = arguments else {
            return Err("`$ref` names one of `$evaluators`".to_owned());
        };
        if self.following.contains(&name.as_str()) {
            return Err(format!("`$ref` {name:?} refers to itself"));
        }
        let shared = self.shared.and_then(|shared| shared.get(name));
        let Some(shared) = shared else {
            return Err(format!("`$ref` {name:?} is none of `$evaluators`"));
        };
        self.following.push(name);
        let compiled = self.compile(shared);
        self.following.pop();
        compiled
    }

    fn var(&mut self, arguments: &'j [Json]) -> Result<Expr, String> {
        let default = match arguments.get(1) {
            Some(default) => Some(Box::new(self.compile(default)?)),
            None => None,
        };
        match arguments.first() {
            None | Some(Json::Null) => Ok(Expr::Var(Path::Whole, default)),
            Some(Json::String(name)) => Ok(Expr::Var(Path::of(name), default)),
            Some(computed) => Ok(Expr::VarOf(Box::new(self.compile(computed)?), default)),
        }
    }

    fn each(&mut self, each: Each, arguments: &'j [Json]) -> Result<Expr, String> {
        let [items, rule, ..] = arguments else {
            return Ok(Expr::Const(Val::Bool(each == Each::None)));
        };
        let (items, rule) = (self.compile(items)?, self.compile(rule)?);
        Ok(Expr::Each(each, Box::new(items), Box::new(rule)))
    }
}

fn single(fields: &Map<String, Json>) -> Option<(&str, &Json)> {
    let mut fields = fields.iter();
    let (operator, arguments) = fields.next()?;
    fields.next().is_none().then_some((operator, arguments))
}

fn unsupported(operator: &str) -> String {
    match operator {
        "fractional" => {
            "`fractional` is not supported: percentages are for a `Rollout` in the code, \
            whose buckets stay the same wherever the flag is read from"
                .to_owned()
        }
        "map" | "filter" | "reduce" | "log" => {
            format!("the operator `{operator}` is not supported")
        }
        other => format!("there is no operator {other:?}"),
    }
}
