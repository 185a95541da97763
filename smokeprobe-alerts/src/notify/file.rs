//! Files that are read for a message, such as secrets and templates: their disk may hang, and they may be anything.

use std::io::{self, Error, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::task::JoinHandle;

/// What a disk may take where nobody says otherwise.
#[cfg(any(feature = "aws", feature = "smtp"))]
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

type Reading = JoinHandle<io::Result<Vec<u8>>>;

/// Reads that were given up and have not ended. A read cannot be broken off, and threads are few: a file has one at most.
static HANGING: Mutex<Vec<(PathBuf, Reading)>> = Mutex::new(Vec::new());

/// Reads a file of at most `longest` bytes on a thread that may wait. The error is one of the kind `TimedOut` after
/// `patience`, and at once while an earlier read of the file hangs.
pub(super) async fn read(path: &Path, longest: u64, patience: Duration) -> io::Result<Vec<u8>> {
    let owned = path.to_owned();
    within(path, patience, move || read_now(&owned, longest)).await
}

/// As [`read`], which must be text.
pub(super) async fn read_text(path: &Path, longest: u64, patience: Duration) -> io::Result<String> {
    let bytes = read(path, longest, patience).await?;
    String::from_utf8(bytes).map_err(|_| Error::new(ErrorKind::InvalidData, "it is not text in UTF-8"))
}

/// Reads a file of at most `longest` bytes, however long its disk takes. A pipe or a device, which would have us wait
/// or never end, is refused.
pub(super) fn read_now(path: &Path, longest: u64) -> io::Result<Vec<u8>> {
    if !std::fs::metadata(path)?.is_file() {
        return Err(Error::new(ErrorKind::InvalidInput, "it is not a file"));
    }
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(longest.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > longest {
        return Err(Error::new(ErrorKind::InvalidData, format!("it is longer than {longest} bytes")));
    }
    Ok(bytes)
}

async fn within(
    path: &Path,
    patience: Duration,
    read: impl FnOnce() -> io::Result<Vec<u8>> + Send + 'static,
) -> io::Result<Vec<u8>> {
    let late = |what: &str| Err(Error::new(ErrorKind::TimedOut, format!("{what}: is its file system there?")));
    if is_hanging(path) {
        return late("an earlier read of it still hangs");
    }
    let mut reading = tokio::task::spawn_blocking(read);
    if let Ok(ended) = tokio::time::timeout(patience, &mut reading).await {
        return ended.unwrap_or_else(|_| Err(Error::other("reading it was broken off")));
    }
    // Of several that began at the same time, the others end with the first.
    HANGING.lock().unwrap_or_else(PoisonError::into_inner).push((path.to_owned(), reading));
    late(&format!("it could not be read within {} s", patience.as_secs_f64()))
}

fn is_hanging(path: &Path) -> bool {
    let mut hanging = HANGING.lock().unwrap_or_else(PoisonError::into_inner);
    hanging.retain(|(_, reading)| !reading.is_finished());
    hanging.iter().any(|(known, _)| known == path)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn a_read_that_hangs_is_given_up_and_not_begun_again_until_it_ends() {
        let path = Path::new("/on/a/disk/that/hangs");
        let (release, hangs) = mpsc::channel::<()>();
        let hang = move || {
            let _ = hangs.recv();
            Ok(b"late".to_vec())
        };
        let error = within(path, Duration::ZERO, hang).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        assert_eq!(error.to_string(), "it could not be read within 0 s: is its file system there?");

        let error = within(path, Duration::MAX, || panic!("it was begun again")).await.unwrap_err();
        assert_eq!(error.to_string(), "an earlier read of it still hangs: is its file system there?");
        let other = within(Path::new("/elsewhere"), Duration::from_secs(60), || Ok(b"fine".to_vec())).await;
        assert_eq!(other.unwrap(), b"fine");

        drop(release);
        let taken = HANGING.lock().unwrap().extract_if(.., |(known, _)| known == path).next();
        let (known, mut reading) = taken.unwrap();
        assert_eq!((&mut reading).await.unwrap().unwrap(), b"late");
        HANGING.lock().unwrap().push((known, reading));
        assert_eq!(within(path, Duration::from_secs(60), || Ok(b"back".to_vec())).await.unwrap(), b"back");
    }

    #[test]
    fn what_is_no_file_or_too_long_is_refused() {
        assert_eq!(read_now(Path::new("/dev/zero"), 9).unwrap_err().to_string(), "it is not a file");
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "0123456789").unwrap();
        assert_eq!(read_now(file.path(), 10).unwrap(), b"0123456789");
        assert_eq!(read_now(file.path(), 9).unwrap_err().to_string(), "it is longer than 9 bytes");
    }
}
