use proptest::prelude::*;

use super::super::{InMemory, load_from};
use super::*;

/// Every element and attribute of what went out, by a parser of XML: it is well-formed.
fn judged(html: &str) -> Vec<String> {
    let document = format!("<body>{html}</body>");
    let document = roxmltree::Document::parse(&document).unwrap_or_else(|error| panic!("{error}: {html}"));
    let mut found = Vec::new();
    for node in document.root_element().descendants().skip(1).filter(roxmltree::Node::is_element) {
        let name = node.tag_name().name();
        assert!(ELEMENTS.contains(&name) || VOID.contains(&name), "<{name}> in {html}");
        for attribute in node.attributes() {
            let (attribute, value) = (attribute.name(), attribute.value());
            let good = match attribute {
                "href" => name == "a" && is_link(value),
                "src" => name == "img" && is_own(value),
                "target" => value == "_blank",
                "rel" | "title" | "alt" | "width" | "height" | "colspan" | "rowspan" => true,
                _ => false,
            };
            assert!(good, "{attribute}={value} in {html}");
            found.push(format!("{name} {attribute}={value}"));
        }
    }
    found
}

/// XML has no element without an end.
fn well_formed(text: &str) -> String {
    let html = sanitised(text);
    let mut closed = String::new();
    for piece in html.split_inclusive('>') {
        let tag = piece.rsplit('<').next().unwrap_or_default();
        let void = VOID.iter().any(|name| tag.strip_prefix(name).is_some_and(|rest| rest.starts_with([' ', '>'])));
        match piece.strip_suffix('>') {
            Some(open) if void && piece.contains('<') => {
                closed.push_str(open);
                closed.push_str("/>");
            }
            _ => closed.push_str(piece),
        }
    }
    closed
}

#[test]
fn what_smokeping_allowed_stays() {
    for (text, html) in [
        ("plain", "plain"),
        ("<b>bold</b> &amp; <i>more</i>", "<b>bold</b> &amp; <i>more</i>"),
        ("a < b > c & d", "a &lt; b &gt; c &amp; d"),
        ("line<br>line<BR/>", "line<br>line<br>"),
        ("caf&eacute; &copy; &#9889; &#x26a1; &hearts;", "café © ⚡ ⚡ &amp;hearts;"),
        (
            "<a href=\"https://noc.example/?a=1&b=2\">NOC</a>",
            "<a href=\"https://noc.example/?a=1&amp;b=2\" rel=\"noopener noreferrer nofollow\">NOC</a>",
        ),
        (
            "<a href=?target=A.B target=x>B</a>",
            "<a href=\"?target=A.B\" target=\"_blank\" rel=\"noopener noreferrer nofollow\">B</a>",
        ),
        ("<table><tr><td colspan=2>x</table>", "<table><tr><td colspan=\"2\">x</td></tr></table>"),
        ("<img src='/graph/A.B.svg' alt=now width=400>", "<img src=\"/graph/A.B.svg\" alt=\"now\" width=\"400\">"),
        ("<font color=red>red</font>", "red"),
    ] {
        assert_eq!(sanitised(text), html, "{text}");
    }
}

#[test]
fn nothing_runs_is_fetched_from_elsewhere_or_leaves_its_place() {
    for (text, html) in [
        ("<script>alert(1)</script>x", "x"),
        ("<SCRIPT\n>alert(1)</sCrIpT >x", "x"),
        ("<script>alert(1)", ""),
        ("<img src=x onerror=alert(1)>", "<img src=\"x\">"),
        ("<img src=//evil.example/x>", ""),
        ("<img src='\\\\evil.example/x'>", ""),
        ("<img src=https://evil.example/x>", ""),
        ("<img src=data:image/svg+xml,x>", ""),
        ("<a href=javascript:alert(1)>x</a>", "<a rel=\"noopener noreferrer nofollow\">x</a>"),
        ("<a href=\"java&#115;cript&colon;alert(1)\">x</a>", "<a rel=\"noopener noreferrer nofollow\">x</a>"),
        ("<a href=\" javascript:alert(1)\">x</a>", "<a rel=\"noopener noreferrer nofollow\">x</a>"),
        ("<a href=\"java\tscript:alert(1)\">x</a>", "<a rel=\"noopener noreferrer nofollow\">x</a>"),
        ("<a href=\"\u{1}javascript:alert(1)\">x</a>", "<a rel=\"noopener noreferrer nofollow\">x</a>"),
        ("<a href=data:text/html,x>x</a>", "<a rel=\"noopener noreferrer nofollow\">x</a>"),
        ("<svg><a href=x><script>alert(1)</script></svg>x", "x"),
        ("<math><mi></math><style>*{}</style>x", "x"),
        ("<b style='position:fixed' class=bar id=main onclick=x>x</b>", "<b>x</b>"),
        ("</b></div></body><b>x", "<b>x</b>"),
        ("<b><i>x</b>y</i>", "<b><i>x</i></b>y"),
        ("<iframe src=x>y</iframe><form action=x><input name=q>z</form>", "z"),
        ("<!-- <b> --><b>x</b><!doctype html><?php ?>", "<b>x</b>"),
        ("<!-- never ends <b>x", ""),
        (
            "<b title='\"><script>alert(1)</script>'>x</b>",
            "<b title=\"&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;\">x</b>",
        ),
        ("<b title=a title=b>x", "<b title=\"a\">x</b>"),
        ("<b", "<b></b>"),
        ("<", "&lt;"),
        ("&lt;script&gt;", "&lt;script&gt;"),
        ("&#0;&#xd800;&#99999999999;", "\u{fffd}\u{fffd}\u{fffd}"),
        ("<base href=//evil.example/><meta http-equiv=refresh content=0><link rel=stylesheet href=x>x", "x"),
    ] {
        assert_eq!(sanitised(text), html, "{text}");
        judged(&well_formed(text));
    }
    let deep = "<b>".repeat(10_000);
    assert_eq!(sanitised(&deep), "<b>".repeat(DEEPEST) + &"</b>".repeat(DEEPEST));
}

#[test]
fn text_of_html_is_one_line() {
    assert_eq!(plain("<b>AWS</b>&nbsp;Beijing<br>S3 <script>x</script>&lt;1&gt;"), "AWS Beijing S3 <1>");
}

fn first_section(more: &str, variables: &str) -> Shown<'static> {
    let text =
        format!("*** Presentation ***\n{more}\n*** Targets ***\nprobe = FPing\n+ A\nhost = 192.0.2.1\n{variables}\n");
    let loaded = load_from(&InMemory::default().with("config", text), "config".as_ref());
    let plan = loaded.plan.unwrap_or_else(|| panic!("{:?}", loaded.diagnostics));
    let Shown { html, title, remark, menuextra } = plan.shown(&plan.root.children[0]);
    let owned = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
    Shown { html, title: owned(title), remark: remark.map(owned), menuextra: menuextra.map(owned) }
}

#[test]
fn html_is_text_unless_the_configuration_says_otherwise() {
    let variables = "title = <b>A</b>\nremark = <i>x</i><script>y</script>\nmenuextra = <a href=\"{HOST}\" class=\"{CLASS}\">{HOSTNAME}</a>";
    for no in ["", "html = no"] {
        let shown = first_section(no, variables);
        assert!(!shown.html);
        assert_eq!(shown.title, "<b>A</b>");
        assert_eq!(shown.remark.as_deref(), Some("<i>x</i><script>y</script>"));
    }
    let shown = first_section("html = yes", variables);
    assert!(shown.html);
    assert_eq!(shown.title, "<b>A</b>");
    assert_eq!(shown.remark.as_deref(), Some("<i>x</i>"));
    let link = "<a href=\"#192.0.2.1\" rel=\"noopener noreferrer nofollow\">192.0.2.1</a>";
    assert_eq!(shown.menuextra.as_deref(), Some(link));
    assert!(!first_section("html = yes", "title = A").html, "what has no HTML is text");
}

#[test]
fn html_is_a_word_that_check_knows() {
    let check = |value: &str| {
        let text = format!("*** Presentation ***\nhtml = {value}\n*** Targets ***\nprobe = FPing\n");
        load_from(&InMemory::default().with("config", text), "config".as_ref())
    };
    assert!(check("yes").plan.unwrap().presentation.html);
    assert!(!check("no").plan.unwrap().presentation.html);
    let wrong = check("true");
    assert!(wrong.plan.is_none() && wrong.diagnostics[0].line == 2, "{:?}", wrong.diagnostics);
}

proptest! {
    #[test]
    fn whatever_is_written_only_known_elements_come_out(
        pieces in prop::collection::vec(
            prop_oneof![
                "[ -~]{0,6}",
                "\\PC{0,4}",
                Just("<script>".to_owned()), Just("</script>".to_owned()), Just("<a href=".to_owned()), Just("<svg ".to_owned()),
                Just("javascript:".to_owned()), Just("<b".to_owned()), Just(">".to_owned()), Just("</b>".to_owned()), Just("\"".to_owned()),
                Just("'".to_owned()), Just("<!--".to_owned()), Just("-->".to_owned()), Just("<img src=".to_owned()), Just(" onload=x ".to_owned()),
                Just("&#".to_owned()), Just("&colon;".to_owned()), Just("<td colspan=".to_owned()), Just("//".to_owned()), Just("\u{0}".to_owned()),
            ],
            0..24,
        )
    ) {
        let text = pieces.concat();
        judged(&well_formed(&text));
        // What is safe stays what it is.
        let once = sanitised(&text);
        prop_assert_eq!(sanitised(&once), once);
        plain(&text);
    }
}
