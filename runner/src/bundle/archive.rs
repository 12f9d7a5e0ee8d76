//! Archives: tar, plain or packed. Only regular files are read, under their names as text: nothing
//! is written anywhere, so no name in an archive can reach outside.

use super::files::Files;
use std::io::{self, Read};
use std::path::Path;

/// How an archive is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Packing {
    /// Not at all.
    Plain,
    /// gzip.
    Gzip,
    /// Zstandard.
    Zstd,
}

/// By the ending of its name; nothing for what is no archive.
pub(super) fn packing(path: &Path) -> Option<Packing> {
    let name = path.file_name()?.to_str()?.to_ascii_lowercase();
    const ENDINGS: &[(&str, Packing)] = &[
        (".tar.gz", Packing::Gzip),
        (".tgz", Packing::Gzip),
        (".tar.zst", Packing::Zstd),
        (".tzst", Packing::Zstd),
        (".tar", Packing::Plain),
    ];
    let found = ENDINGS.iter().find(|(ending, _)| name.ends_with(ending));
    found.map(|(_, packing)| *packing)
}

/// Reads all regular files of an archive, as far as it goes.
pub(super) fn unpack(file: impl Read + 'static, packing: Packing, files: &mut Files) {
    let read: Box<dyn Read> = match packing {
        Packing::Plain => Box::new(file),
        Packing::Gzip => Box::new(flate2::read::MultiGzDecoder::new(file)),
        Packing::Zstd => match ruzstd::decoding::StreamingDecoder::new(io::BufReader::new(file)) {
            Ok(decoder) => Box::new(decoder),
            Err(error) => {
                return files.skip("archive", &format!("it is no Zstandard stream: {error}"));
            }
        },
    };
    if let Err(error) = entries(read, files) {
        files.skip("archive", &format!("it ends in the middle: {error}"));
    }
}

fn entries(read: Box<dyn Read>, files: &mut Files) -> io::Result<()> {
    for entry in tar::Archive::new(read).entries()? {
        let mut entry = entry?;
        let path = entry
            .path()?
            .to_string_lossy()
            .trim_start_matches("./")
            .to_owned();
        if entry.header().entry_type().is_file() {
            files.add(&path, &mut entry);
        } else if !entry.header().entry_type().is_dir() {
            files.skip(&path, "it is neither a file nor a folder");
        }
    }
    Ok(())
}
