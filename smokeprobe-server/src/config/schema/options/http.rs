//! Curl, AnotherCurl, EchoPingHttp, EchoPingHttps.

use std::time::Duration;

use smokeprobe_core::probes::http::{HttpMeasure, HttpOptions};

use super::super::super::plan::ProbeOptions;
use super::super::super::source::Text;
use super::super::super::tree::clipped;
use super::super::Context;
use super::Settings;

/// What curl follows at most with `-L`.
const REDIRECTS: u8 = 50;

/// The options of Curl and AnotherCurl.
pub(super) fn curl(settings: &Settings<'_>, cx: &mut Context<'_>) -> ProbeOptions {
    let mut options = HttpOptions {
        // The reference runs curl once after another without a pause.
        connect: settings.connect(Duration::ZERO, Duration::from_secs(10)),
        urls: settings.str("urlformat").unwrap_or_default().split_ascii_whitespace().map(str::to_owned).collect(),
        agent: settings.nonempty("agent"),
        redirects: if settings.yes("follow_redirects") { REDIRECTS } else { 0 },
        time_redirects: settings.yes("include_redirects"),
        insecure: settings.truth("insecure_ssl"),
        expect: settings.nonempty("expect"),
        measure: measure(settings.str("write_out")),
        ..HttpOptions::default()
    };
    // curl's --interface is a device, an address, or either with a prefix.
    if let Some(interface) = options.connect.interface.take() {
        set_interface(&mut options, &interface);
    }
    if settings.truth("ssl2")
        && let Some(text) = settings.text("ssl2")
    {
        cx.problems.warn(text.span, "SSL 2 is broken and no longer spoken; ignored").help("take the line away");
    }
    if let Some(arguments) = settings.text("extraargs") {
        extra(&mut options, &split(settings, arguments, cx), arguments, cx);
    }
    if options.urls.is_empty() {
        // Missing altogether is noted with the other mandatory variables.
        if let Some(text) = settings.text("urlformat") {
            cx.problems.error(text.span, "`urlformat` is empty").help("write `urlformat = https://%host%/`");
        }
        return ProbeOptions::Http(options);
    }
    let Some(urls) = options.urls.into_iter().map(web_url).collect() else {
        if let Some(text) = settings.text("urlformat") {
            cx.problems
                .warn(text.span, format!("`{}` is neither http nor https: not measured", clipped(&text.text)))
                .help("write `urlformat = https://%host%/`");
        }
        return ProbeOptions::Unsupported;
    };
    options.urls = urls;
    ProbeOptions::Http(options)
}

/// The options of EchoPingHttp and EchoPingHttps.
pub(super) fn echoping(settings: &Settings<'_>, scheme: &str, cx: &mut Context<'_>) -> ProbeOptions {
    let path = settings.str("url").filter(|url| !url.is_empty()).unwrap_or("/");
    if path.contains("://") {
        if let Some(text) = settings.text("url") {
            cx.problems
                .warn(text.span, "a whole URL asks the host as a proxy, which is not supported: not measured")
                .help("write the path alone, such as `/index.html`, to ask the host itself");
        }
        return ProbeOptions::Unsupported;
    }
    let port = settings.port("port").map(|port| format!(":{port}")).unwrap_or_default();
    let slash = if path.starts_with('/') { "" } else { "/" };
    let mut headers = Vec::new();
    let mut header = |name: &str, value: &str| headers.push((name.to_owned(), value.to_owned()));
    if settings.truth("ignore_cache") && settings.str("ignore_cache") != Some("no") {
        header("Cache-Control", "no-cache");
        header("Pragma", "no-cache");
    } else if settings.truth("revalidate_data") && settings.str("revalidate_data") != Some("no") {
        header("Cache-Control", "max-age=0");
    }
    let redirects = settings.truth("accept_redirects") && settings.str("accept_redirects") != Some("no");
    if let Some(text) = settings.text("extraopts") {
        cx.problems
            .warn(text.span, "options of the program echoping mean nothing here; ignored")
            .help("take the line away");
    }
    ProbeOptions::Http(HttpOptions {
        connect: settings.connect(settings.pause(), Duration::from_secs(10)),
        urls: vec![format!("{scheme}://%host%{port}{slash}{path}")],
        headers,
        status: vec![(200, if redirects { 399 } else { 299 })],
        ..HttpOptions::default()
    })
}

fn measure(write_out: Option<&str>) -> HttpMeasure {
    match write_out {
        Some("time_appconnect") => HttpMeasure::AppConnect,
        Some("time_connect") => HttpMeasure::Connect,
        Some("time_namelookup") => HttpMeasure::Resolve,
        Some("time_pretransfer") => HttpMeasure::PreTransfer,
        Some("time_redirect") => HttpMeasure::Redirect,
        Some("time_starttransfer") => HttpMeasure::StartTransfer,
        Some("time_total") => HttpMeasure::Total,
        _ => HttpMeasure::TotalWithoutResolve,
    }
}

/// The URL with its scheme; `None` when we do not speak that scheme. Without one curl takes http.
fn web_url(url: String) -> Option<String> {
    match url.split_once("://") {
        None => Some(format!("http://{url}")),
        Some((scheme, _)) if scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https") => Some(url),
        Some(_) => None,
    }
}

fn set_interface(options: &mut HttpOptions, interface: &str) {
    let name = interface.trim_start_matches("if!").trim_start_matches("host!");
    match name.parse() {
        Ok(address) => options.connect.source = Some(address),
        Err(_) => options.connect.interface = Some(name.to_owned()),
    }
}

/// The arguments in `extraargs`. `extrare` is the regular expression between them, written as Perl writes one.
fn split(settings: &Settings<'_>, arguments: &Text, cx: &mut Context<'_>) -> Vec<String> {
    let blanks = || arguments.text.split(' ').filter(|part| !part.is_empty()).map(str::to_owned).collect();
    let Some(text) = settings.text("extrare") else { return blanks() };
    let inner = text.text.trim();
    let delimited = inner.strip_prefix('/').and_then(|rest| rest.strip_suffix('/')).unwrap_or(inner);
    let Ok(separator) = regex::RegexBuilder::new(delimited).size_limit(1 << 16).build() else {
        let message = format!("`{}` is no regular expression that we can run; blanks are taken", clipped(inner));
        cx.problems.warn(text.span, message).help("write `extrare = /;/` to put semicolons between arguments");
        return blanks();
    };
    separator.split(&arguments.text).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

/// Arguments of curl that change nothing of what is measured, without and with a value.
const NO_MATTER: [&str; 14] = [
    "-s",
    "--silent",
    "-S",
    "--show-error",
    "-g",
    "--globoff",
    "-N",
    "--no-buffer",
    "-q",
    "--disable",
    "--http1.1",
    "-v",
    "--verbose",
    "-#",
];
const NO_MATTER_VALUE: [&str; 6] = ["-o", "--output", "--stderr", "--trace", "-c", "--cookie-jar"];
/// Arguments of curl with a value that we do not have, so that the value is not taken for an argument.
const UNKNOWN_VALUE: [&str; 22] = [
    "-x",
    "--proxy",
    "-u",
    "--user",
    "-d",
    "--data",
    "-X",
    "--request",
    "--resolve",
    "--connect-to",
    "-E",
    "--cert",
    "--cacert",
    "--capath",
    "--key",
    "-r",
    "--range",
    "--limit-rate",
    "--connect-timeout",
    "-w",
    "--write-out",
    "-T",
];

fn extra(options: &mut HttpOptions, arguments: &[String], place: &Text, cx: &mut Context<'_>) {
    let mut arguments = arguments.iter().map(String::as_str);
    while let Some(argument) = arguments.next() {
        // `--name=value` is not curl's, but `-Hvalue` is.
        let (argument, joined) = match argument {
            short
                if short.len() > 2
                    && short.is_char_boundary(2)
                    && ["-H", "-A", "-m", "-e", "-b"].contains(&&short[..2]) =>
            {
                (&short[..2], Some(&short[2..]))
            }
            other => (other, None),
        };
        let mut value = || joined.or_else(|| arguments.next()).unwrap_or_default();
        match argument {
            "-H" | "--header" => {
                let line = value().trim_matches(['"', '\'']).to_owned();
                match line.split_once(':') {
                    Some((name, value)) if !name.trim().is_empty() => {
                        options.headers.push((name.trim().to_owned(), value.trim().to_owned()));
                    }
                    _ => cx
                        .problems
                        .warn(place.span, format!("`{}` is no header; ignored", clipped(&line)))
                        .help("put another separator than blanks between arguments, such as `extrare = /;/`"),
                }
            }
            "-A" | "--user-agent" => options.agent = Some(value().to_owned()),
            "-e" | "--referer" => options.headers.push(("Referer".to_owned(), value().to_owned())),
            "-b" | "--cookie" => options.headers.push(("Cookie".to_owned(), value().to_owned())),
            "-k" | "--insecure" => options.insecure = true,
            "-L" | "--location" => options.redirects = REDIRECTS,
            "--max-redirs" => options.redirects = value().parse().unwrap_or(REDIRECTS),
            "-f" | "--fail" => options.status = vec![(100, 399)],
            "-4" | "--ipv4" => options.connect.family = smokeprobe_core::AddressFamily::V4,
            "-6" | "--ipv6" => options.connect.family = smokeprobe_core::AddressFamily::V6,
            "-m" | "--max-time" => {
                let timeout = super::seconds(value());
                if !timeout.is_zero() {
                    options.connect.timeout = timeout;
                }
            }
            "--interface" => {
                let interface = value().to_owned();
                set_interface(options, &interface);
            }
            known if NO_MATTER.contains(&known) => {}
            known if NO_MATTER_VALUE.contains(&known) => {
                value();
            }
            unknown => {
                if UNKNOWN_VALUE.contains(&unknown) {
                    value();
                }
                cx.problems
                    .warn(place.span, format!("curl's argument `{}` means nothing here; ignored", clipped(unknown)))
                    .help("known are -H, -A, -e, -b, -k, -L, -f, -m, -4, -6, --max-redirs and --interface");
            }
        }
    }
}
