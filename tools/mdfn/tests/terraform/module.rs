//! A directory of `.tf` files: its blocks, and the expressions in them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use hcl::expr::{Operation, TraversalOperator};
use hcl::structure::{Block, Body, Structure};
use hcl::template::{Directive, Element};
use hcl::{Expression, ObjectKey, Template};

/// The repository's file or directory.
pub(crate) fn place(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

/// The `.tf` files of a directory, in the order of their names.
pub(crate) fn files(directory: &str) -> Vec<(String, String)> {
    let mut files: Vec<_> = std::fs::read_dir(place(directory))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "tf"))
        .map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, std::fs::read_to_string(path).unwrap())
        })
        .collect();
    files.sort();
    files
}

/// The top-level blocks of a module.
#[derive(Debug)]
pub(crate) struct Module {
    pub(crate) blocks: Vec<Block>,
}

impl Module {
    pub(crate) fn read(directory: &str) -> Self {
        let texts: Vec<_> = files(directory).into_iter().map(|(_, text)| text).collect();
        Self::parse(&texts.concat())
    }

    pub(crate) fn parse(text: &str) -> Self {
        Self { blocks: blocks(&hcl::parse(text).unwrap()).cloned().collect() }
    }

    /// The blocks of a kind, such as `variable`, with their last labels.
    pub(crate) fn named<'a>(
        &'a self,
        kind: &'a str,
    ) -> impl Iterator<Item = (&'a str, &'a Block)> + 'a {
        let of_kind = self.blocks.iter().filter(move |block| block.identifier() == kind);
        of_kind.map(|block| (block.labels().last().map_or("", |label| label.as_str()), block))
    }

    /// The resources or data sources: type, name, block.
    pub(crate) fn typed<'a>(
        &'a self,
        mode: &'a str,
    ) -> impl Iterator<Item = (&'a str, &'a str, &'a Block)> + 'a {
        self.named(mode).map(|(name, block)| (block.labels()[0].as_str(), name, block))
    }

    /// All `locals`, by name.
    pub(crate) fn locals(&self) -> BTreeMap<String, Expression> {
        let bodies = self.named("locals").map(|(_, block)| block.body());
        let locals = bodies.flat_map(attributes);
        locals.map(|(name, expression)| (name.to_owned(), expression.clone())).collect()
    }
}

pub(crate) fn attributes(body: &Body) -> impl Iterator<Item = (&str, &Expression)> {
    body.iter().filter_map(|structure| match structure {
        Structure::Attribute(attribute) => Some((attribute.key(), attribute.expr())),
        Structure::Block(_) => None,
    })
}

pub(crate) fn attribute<'a>(body: &'a Body, name: &str) -> Option<&'a Expression> {
    attributes(body).find(|(key, _)| *key == name).map(|(_, expression)| expression)
}

pub(crate) fn blocks(body: &Body) -> impl Iterator<Item = &Block> {
    body.iter().filter_map(|structure| match structure {
        Structure::Block(block) => Some(block),
        Structure::Attribute(_) => None,
    })
}

/// What an expression names: a root such as `var` or `oci_core_vcn`, and the steps from there.
#[derive(Clone, Debug)]
pub(crate) struct Reference {
    pub(crate) root: String,
    pub(crate) steps: Vec<Step>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Attribute(String),
    /// An element of a list or map.
    Element,
}

impl std::fmt::Display for Reference {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        to.write_str(&self.root)?;
        self.steps.iter().try_for_each(|step| match step {
            Step::Attribute(name) => write!(to, ".{name}"),
            Step::Element => to.write_str("[]"),
        })
    }
}

/// What an expression names and which functions it calls.
#[derive(Debug, Default)]
pub(crate) struct Uses {
    pub(crate) references: Vec<Reference>,
    pub(crate) functions: Vec<String>,
}

impl Uses {
    pub(crate) fn new(expression: &Expression) -> Self {
        let mut uses = Self::default();
        uses.walk(expression);
        uses
    }

    fn walk(&mut self, expression: &Expression) {
        match expression {
            Expression::Variable(variable) => self.refer(variable.as_str(), &[]),
            Expression::Traversal(traversal) => {
                if let Expression::Variable(variable) = &traversal.expr {
                    self.refer(variable.as_str(), &traversal.operators);
                } else {
                    self.walk(&traversal.expr);
                }
                for operator in &traversal.operators {
                    if let TraversalOperator::Index(index) = operator {
                        self.walk(index);
                    }
                }
            }
            Expression::Array(elements) => elements.iter().for_each(|element| self.walk(element)),
            Expression::Object(members) => members.iter().for_each(|(key, value)| {
                if let ObjectKey::Expression(key) = key {
                    self.walk(key);
                }
                self.walk(value);
            }),
            Expression::TemplateExpr(template) => {
                self.template(&Template::from_expr(template).unwrap());
            }
            Expression::FuncCall(call) => {
                self.functions.push(call.name.to_string());
                call.args.iter().for_each(|argument| self.walk(argument));
            }
            Expression::Parenthesis(inner) => self.walk(inner),
            Expression::Conditional(conditional) => {
                self.walk(&conditional.cond_expr);
                self.walk(&conditional.true_expr);
                self.walk(&conditional.false_expr);
            }
            Expression::Operation(operation) => match operation.as_ref() {
                Operation::Unary(unary) => self.walk(&unary.expr),
                Operation::Binary(binary) => {
                    self.walk(&binary.lhs_expr);
                    self.walk(&binary.rhs_expr);
                }
            },
            Expression::ForExpr(each) => {
                self.walk(&each.collection_expr);
                let mut inner = Self::default();
                each.key_expr.iter().for_each(|key| inner.walk(key));
                inner.walk(&each.value_expr);
                each.cond_expr.iter().for_each(|condition| inner.walk(condition));
                let names = [each.key_var.as_ref(), Some(&each.value_var)];
                let names: Vec<_> =
                    names.into_iter().flatten().map(hcl::Identifier::as_str).collect();
                self.adopt(inner, &names);
            }
            _ => {}
        }
    }

    fn template(&mut self, template: &Template) {
        for element in template.elements() {
            match element {
                Element::Literal(_) => {}
                Element::Interpolation(interpolation) => self.walk(&interpolation.expr),
                Element::Directive(directive) => match directive.as_ref() {
                    Directive::If(choice) => {
                        self.walk(&choice.cond_expr);
                        self.template(&choice.true_template);
                        choice.false_template.iter().for_each(|other| self.template(other));
                    }
                    Directive::For(_) => panic!("a `for` in a template: write it as an expression"),
                },
            }
        }
    }

    fn refer(&mut self, root: &str, operators: &[TraversalOperator]) {
        let steps = operators.iter().map(|operator| match operator {
            TraversalOperator::GetAttr(name) => Step::Attribute(name.to_string()),
            _ => Step::Element,
        });
        self.references.push(Reference { root: root.to_owned(), steps: steps.collect() });
    }

    /// Takes over what is used inside, but for the names that were introduced there.
    fn adopt(&mut self, inner: Self, names: &[&str]) {
        self.functions.extend(inner.functions);
        let outer =
            inner.references.into_iter().filter(|use_| !names.contains(&use_.root.as_str()));
        self.references.extend(outer);
    }
}
