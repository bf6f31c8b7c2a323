//! The XML that reference manifests are written in, and nothing more: elements, attributes in double
//! quotes, text, namespaces; printable ASCII and line feeds. Without references, comments, processing
//! instructions, document types, CDATA, carriage returns and redeclared prefixes, the canonical form
//! of an element differs from its source in the order of attributes and in `<a/>` alone, which is
//! what makes [`canonical`](super::canonical) small enough to be sure of.

use crate::EvidenceError;

/// An element with its names resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Element<'a> {
    pub(super) name: Name<'a>,
    /// Prefixes declared on this element, empty for the default one, and their namespaces.
    pub(super) declarations: Vec<(&'a str, &'a str)>,
    pub(super) attributes: Vec<Attribute<'a>>,
    pub(super) children: Vec<Node<'a>>,
}

/// What is inside an element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Node<'a> {
    Element(Element<'a>),
    Text(&'a str),
}

/// A qualified name; the namespace is empty where there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Name<'a> {
    pub(super) prefix: &'a str,
    pub(super) local: &'a str,
    pub(super) namespace: &'a str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Attribute<'a> {
    pub(super) name: Name<'a>,
    pub(super) value: &'a str,
}

impl<'a> Element<'a> {
    /// Reads a whole document.
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, EvidenceError> {
        let text = std::str::from_utf8(bytes).map_err(|_| MALFORMED)?;
        let allowed = |byte: u8| byte == b'\n' || byte == b' ' || byte.is_ascii_graphic();
        if bytes.len() > MAX_LENGTH || !text.bytes().all(allowed) || text.contains('&') {
            return Err(MALFORMED);
        }
        let text = DECLARATIONS.iter().find_map(|one| text.strip_prefix(one)).unwrap_or(text);
        let mut parser = Parser { rest: text.trim_start(), scope: Vec::new() };
        let root = parser.element(0)?;
        if parser.rest.trim_start().is_empty() { Ok(root) } else { Err(MALFORMED) }
    }

    /// The value of the attribute `local` in `namespace`.
    pub(super) fn attribute(&self, namespace: &str, local: &str) -> Option<&'a str> {
        let found =
            |one: &&Attribute<'_>| one.name.namespace == namespace && one.name.local == local;
        self.attributes.iter().find(found).map(|attribute| attribute.value)
    }

    /// Whether the element is `local` in `namespace`.
    pub(super) fn is(&self, namespace: &str, local: &str) -> bool {
        self.name.namespace == namespace && self.name.local == local
    }

    /// The elements inside, if there is nothing else but white space.
    pub(super) fn elements(&self) -> Result<Vec<&Element<'a>>, EvidenceError> {
        let mut elements = Vec::new();
        for node in &self.children {
            match node {
                Node::Element(element) => elements.push(element),
                Node::Text(text) if text.trim().is_empty() => {}
                Node::Text(_) => return Err(MALFORMED),
            }
        }
        Ok(elements)
    }

    /// The text inside, if there is nothing else.
    pub(super) fn text(&self) -> Result<&'a str, EvidenceError> {
        match self.children.as_slice() {
            [] => Ok(""),
            [Node::Text(text)] => Ok(text),
            _ => Err(MALFORMED),
        }
    }
}

/// Prefix and local name, and the value.
type RawAttribute<'a> = ((&'a str, &'a str), &'a str);

struct Parser<'a> {
    rest: &'a str,
    /// Prefixes in scope, innermost last.
    scope: Vec<(&'a str, &'a str)>,
}

impl<'a> Parser<'a> {
    fn element(&mut self, depth: usize) -> Result<Element<'a>, EvidenceError> {
        if depth > MAX_DEPTH || !self.skip("<") {
            return Err(MALFORMED);
        }
        let outer = self.scope.len();
        let name = self.raw_name()?;
        let (raw, empty) = self.attributes()?;
        let declarations = self.scope.get(outer..).ok_or(MALFORMED)?.to_vec();
        let attributes = self.resolve_attributes(&raw)?;
        let namespace = self.namespace(name.0)?;
        let children = if empty { Vec::new() } else { self.children(name, depth)? };
        self.scope.truncate(outer);
        let name = Name { prefix: name.0, local: name.1, namespace };
        Ok(Element { name, declarations, attributes, children })
    }

    /// The attributes of a start tag, those that declare prefixes left out, and whether the tag is
    /// that of an empty element.
    fn attributes(&mut self) -> Result<(Vec<RawAttribute<'a>>, bool), EvidenceError> {
        let mut attributes = Vec::new();
        loop {
            let spaced = self.skip_space();
            if self.skip("/>") {
                return Ok((attributes, true));
            } else if self.skip(">") {
                return Ok((attributes, false));
            } else if !spaced || attributes.len() >= MAX_ATTRIBUTES {
                return Err(MALFORMED);
            }
            match self.attribute()? {
                (("", "xmlns"), namespace) => self.declare("", namespace)?,
                (("xmlns", prefix), namespace) => self.declare(prefix, namespace)?,
                attribute => attributes.push(attribute),
            }
        }
    }

    fn children(
        &mut self,
        parent: (&str, &str),
        depth: usize,
    ) -> Result<Vec<Node<'a>>, EvidenceError> {
        let mut children = Vec::new();
        loop {
            let (text, rest) = self
                .rest
                .split_at_checked(self.rest.find('<').ok_or(MALFORMED)?)
                .ok_or(MALFORMED)?;
            if text.contains('>') {
                return Err(MALFORMED);
            }
            self.rest = rest;
            if !text.is_empty() {
                children.push(Node::Text(text));
            }
            if self.skip("</") {
                let closed = self.raw_name()? == parent;
                self.skip_space();
                return if closed && self.skip(">") { Ok(children) } else { Err(MALFORMED) };
            }
            children.push(Node::Element(self.element(depth.saturating_add(1))?));
        }
    }

    fn attribute(&mut self) -> Result<RawAttribute<'a>, EvidenceError> {
        let name = self.raw_name()?;
        if !self.skip("=\"") {
            return Err(MALFORMED);
        }
        let (value, rest) = self.rest.split_once('"').ok_or(MALFORMED)?;
        if value.contains(['<', '\n']) {
            return Err(MALFORMED);
        }
        self.rest = rest;
        Ok((name, value))
    }

    /// Adds a prefix to the scope. One that is in scope already is refused, whatever its namespace.
    fn declare(&mut self, prefix: &'a str, namespace: &'a str) -> Result<(), EvidenceError> {
        let reserved = prefix.starts_with("xml") || namespace.is_empty();
        let known = self.scope.iter().any(|(known, _)| *known == prefix);
        if reserved || known || self.scope.len() >= MAX_ATTRIBUTES {
            return Err(MALFORMED);
        }
        self.scope.push((prefix, namespace));
        Ok(())
    }

    fn resolve_attributes(
        &self,
        raw: &[RawAttribute<'a>],
    ) -> Result<Vec<Attribute<'a>>, EvidenceError> {
        let mut attributes: Vec<Attribute<'a>> = Vec::new();
        for &((prefix, local), value) in raw {
            let namespace = if prefix.is_empty() { "" } else { self.namespace(prefix)? };
            let same = |other: &Attribute<'_>| {
                (other.name.namespace, other.name.local) == (namespace, local)
            };
            if attributes.iter().any(same) {
                return Err(MALFORMED);
            }
            attributes.push(Attribute { name: Name { prefix, local, namespace }, value });
        }
        Ok(attributes)
    }

    fn namespace(&self, prefix: &str) -> Result<&'a str, EvidenceError> {
        match self.scope.iter().find(|(known, _)| *known == prefix) {
            Some((_, namespace)) => Ok(namespace),
            None if prefix.is_empty() => Ok(""),
            None => Err(MALFORMED),
        }
    }

    /// A prefix, empty if there is none, and a local name.
    fn raw_name(&mut self) -> Result<(&'a str, &'a str), EvidenceError> {
        let part = |byte: char| byte.is_ascii_alphanumeric() || "_-.:".contains(byte);
        let end = self.rest.find(|byte| !part(byte)).ok_or(MALFORMED)?;
        let (name, rest) = self.rest.split_at_checked(end).ok_or(MALFORMED)?;
        self.rest = rest;
        let (prefix, local) = name.split_once(':').unwrap_or(("", name));
        let starts =
            |part: &str| part.starts_with(|byte: char| byte.is_ascii_alphabetic() || byte == '_');
        let prefixed = name.len() != local.len();
        if !starts(local) || local.contains(':') || (prefixed && !starts(prefix)) {
            return Err(MALFORMED);
        }
        Ok((prefix, local))
    }

    fn skip(&mut self, token: &str) -> bool {
        let rest = self.rest.strip_prefix(token);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn skip_space(&mut self) -> bool {
        let rest = self.rest.trim_start();
        let skipped = rest.len() != self.rest.len();
        self.rest = rest;
        skipped
    }
}

const MALFORMED: EvidenceError = EvidenceError::Malformed("reference manifest");

/// NVIDIA's have 30 kB and four levels.
const MAX_LENGTH: usize = 1 << 20;
const MAX_DEPTH: usize = 8;
/// Of one element, and prefixes in scope: both are searched one by one.
const MAX_ATTRIBUTES: usize = 128;

/// The document may begin with one of these; it is not part of the canonical form.
const DECLARATIONS: [&str; 3] = [
    r#"<?xml version="1.0" encoding="UTF-8"?>"#,
    r#"<?xml version="1.0" encoding="utf-8"?>"#,
    r#"<?xml version="1.0"?>"#,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_resolved() {
        let root = Element::parse(br#"<a xmlns="x" xmlns:p="y"><p:b p:c="1" c="2"/></a>"#).unwrap();
        assert!(root.is("x", "a"));
        let inner = root.elements().unwrap()[0];
        assert!(inner.is("y", "b"));
        assert_eq!((inner.attribute("y", "c"), inner.attribute("", "c")), (Some("1"), Some("2")));
    }

    #[test]
    fn what_needs_more_than_copying_is_refused() {
        for text in [
            "",
            "<a>",
            "<a></b>",
            "<a/><a/>",
            "<a>&amp;</a>",
            "<a>></a>",
            "<a b='1'/>",
            "<a b=\"1\" b=\"2\"/>",
            "<a b=\"1\"c=\"2\"/>",
            "<a b=\"\n\"/>",
            "<a>\r</a>",
            "<a>\t</a>",
            "<a><!-- --></a>",
            "<a><?b?></a>",
            "<!DOCTYPE a><a/>",
            "<a><![CDATA[]]></a>",
            "<p:a/>",
            "<a xml:lang=\"en\"/>",
            "<a xmlns:xml=\"x\"/>",
            "<a xmlns=\"\"/>",
            "<a>\u{e9}</a>",
            "<a xmlns:p=\"x\"><b xmlns:p=\"x\"/></a>",
            "<a xmlns:p=\"x\" xmlns:q=\"x\" p:b=\"\" q:b=\"\"/>",
            "<a:b:c xmlns:a=\"x\"/>",
            "<:a/>",
            "<1a/>",
            "< a/>",
            "<a / >",
            "<a></a",
            "x<a/>",
            "<a/>x",
        ] {
            assert_eq!(Element::parse(text.as_bytes()), Err(MALFORMED), "{text:?}");
        }
        let many: String = (0..129).map(|number| format!(" a{number}=\"\"")).collect();
        assert_eq!(Element::parse(format!("<a{many}/>").as_bytes()), Err(MALFORMED));
        let deep = "<a>".repeat(100_000);
        assert_eq!(Element::parse(deep.as_bytes()), Err(MALFORMED));
    }
}
