//! The files of the page as they go out: compressed once, then kept.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Bytes;
use rust_embed::RustEmbed;
use sha2::{Digest, Sha256};

use super::super::packed::Packed;
use super::{comments, modules};

#[derive(RustEmbed)]
#[folder = "assets/"]
struct Assets;

/// Digits of the hash in addresses: a quarter of SHA-256 tells versions apart.
pub(super) const HASH_DIGITS: usize = 16;

/// What is kept: as many files as there are, and the hash of all.
struct Kept {
    files: HashMap<String, ([u8; 32], Arc<Packed>)>,
    hash: Option<String>,
}

/// For the life of the process, as the files are.
static KEPT: Mutex<Option<Kept>> = Mutex::new(None);

/// The name that the page is kept by: no file's, as `index.html` is the page before the hash is in it.
const PAGE: &str = "/";

/// The page, with the hash of all files in the addresses of those it links.
pub(super) fn page() -> Option<Arc<Packed>> {
    let hash = current(true);
    let file = Assets::get("index.html")?;
    // Another hash is another page.
    let version = Sha256::digest(hash.as_bytes()).into();
    if let Some(page) = look_up(PAGE, &version) {
        return Some(page);
    }
    let text = String::from_utf8_lossy(&file.data).replace("</head>", &format!("{}</head>", preloads()));
    let text = text.replace("\"assets/", &format!("\"assets/{hash}/"));
    Some(keep(PAGE, version, text.into()))
}

/// Links to the modules that the page needs at once, and, to come after them, to those of graphs.
fn preloads() -> String {
    let read = |name: &str| Some(String::from_utf8_lossy(&Assets::get(name)?.data).into_owned());
    let link = |name: &String, how: &str| format!("<link rel=\"modulepreload\" href=\"assets/{name}\"{how}>\n");
    let first = modules::needed("app.js", read);
    let graphs = modules::needed("detail/detail.js", read);
    let later = graphs.difference(&first).map(|name| link(name, " fetchpriority=\"low\""));
    first.iter().map(|name| link(name, "")).chain(later).collect()
}

/// The file at `path`.
pub(super) fn file(path: &str) -> Option<Arc<Packed>> {
    let file = Assets::get(path).filter(|_| is_served(path))?;
    let version = file.metadata.sha256_hash();
    if let Some(file) = look_up(path, &version) {
        return Some(file);
    }
    let plain = if is_our_script(path) {
        comments::left_out(&String::from_utf8_lossy(&file.data)).into()
    } else {
        bytes(file.data)
    };
    Some(keep(path, version, plain))
}

/// [`page`], where nothing has to be read or compressed for it.
pub(super) fn kept_page() -> Option<Arc<Packed>> {
    kept(PAGE)
}

/// [`file`], where nothing has to be read or compressed for it.
pub(super) fn kept_file(path: &str) -> Option<Arc<Packed>> {
    if path == PAGE { None } else { kept(path) }
}

fn kept(name: &str) -> Option<Arc<Packed>> {
    if cfg!(debug_assertions) {
        return None;
    }
    with(|kept| kept.files.get(name).map(|(_, file)| Arc::clone(file)))
}

/// Whether `hash` is that of the files as the page was last handed out.
pub(super) fn is_current(hash: &str) -> bool {
    current(false) == hash
}

/// The hash of all files. In a program that carries them it never changes; else they are looked at again when that is
/// asked for.
fn current(look_again: bool) -> String {
    if let Some(hash) = with(|kept| kept.hash.clone()).filter(|_| !(cfg!(debug_assertions) && look_again)) {
        return hash;
    }
    let mut names: Vec<_> = Assets::iter().filter(|name| is_served(name)).collect();
    names.sort_unstable();
    let mut all = Sha256::new();
    for name in names {
        all.update(name.as_bytes());
        all.update([0]);
        all.update(Assets::get(&name).map_or([0; 32], |file| file.metadata.sha256_hash()));
    }
    let hash = hexadecimal(&all.finalize());
    with(|kept| kept.hash = Some(hash.clone()));
    hash
}

/// Types of what others wrote are for whoever checks the page's code; no browser reads them.
fn is_served(name: &str) -> bool {
    !name.ends_with(".d.ts")
}

/// A script of ours. What others wrote goes out as they wrote it.
fn is_our_script(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, ending)| ending == "js") && !name.starts_with("vendor/")
}

fn look_up(name: &str, version: &[u8; 32]) -> Option<Arc<Packed>> {
    with(|kept| kept.files.get(name).filter(|(of, _)| of == version).map(|(_, file)| Arc::clone(file)))
}

fn keep(name: &str, version: [u8; 32], plain: Bytes) -> Arc<Packed> {
    let file = Arc::new(Packed::new(plain, &hexadecimal(&version)));
    with(|kept| kept.files.insert(name.to_owned(), (version, Arc::clone(&file))));
    file
}

fn with<T>(look: impl FnOnce(&mut Kept) -> T) -> T {
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    look(kept.get_or_insert_with(|| Kept { files: HashMap::new(), hash: None }))
}

/// What is in the program is not copied.
fn bytes(data: Cow<'static, [u8]>) -> Bytes {
    match data {
        Cow::Borrowed(data) => Bytes::from_static(data),
        Cow::Owned(data) => data.into(),
    }
}

fn hexadecimal(hash: &[u8]) -> String {
    let mut text = String::new();
    for byte in hash.iter().take(HASH_DIGITS / 2) {
        // Writing to a string has no errors.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the issue allows for all that a browser may fetch of the page.
    const BUDGET: usize = 150 * 1024;

    /// Licences and notes travel with the program; no browser asks for them.
    fn is_note(name: &str) -> bool {
        let name = name.rsplit('/').next().unwrap_or(name).to_ascii_lowercase();
        ["licen", "readme"].iter().any(|note| name.starts_with(note)) || name.rsplit('.').next() == Some("md")
    }

    #[test]
    fn all_of_the_page_fits_the_budget() {
        let size = |name: &str| {
            let file = file(name).unwrap();
            file.shortest().len()
        };
        let mut sizes: Vec<_> = Assets::iter()
            .filter(|name| is_served(name) && !is_note(name))
            .map(|name| (size(&name), name.into_owned()))
            .collect();
        sizes.sort_unstable();
        let total: usize = sizes.iter().map(|(size, _)| size).sum();
        println!("{total} bytes");
        assert!(total > 1000 && total <= BUDGET, "{total} of {BUDGET} bytes, the largest last: {sizes:?}");
    }

    #[test]
    fn types_are_not_served() {
        assert!(file("vendor/preact.d.ts").is_none());
        assert!(is_served("app.js") && is_served("vendor/d.ts.js"));
    }

    #[test]
    fn file_that_has_changed_is_packed_anew() {
        let packed = |version| look_up("a file of this test", &[version; 32]).map(|file| file.plain().clone());
        keep("a file of this test", [1; 32], "old".into());
        assert_eq!((packed(1), packed(2)), (Some("old".into()), None));
        keep("a file of this test", [2; 32], "new".into());
        assert_eq!((packed(1), packed(2)), (None, Some("new".into())));
    }
}
