//! What images plainly do not hold: programs that are not in them, and names that none bears.
//!
//! Only images whose contents are known from their own recipes are judged, and only programs that
//! are not written, mounted or installed by the script itself.

use super::commands::basename;

/// Official images that hold a base system and, at most, one server.
/// Sources: their Dockerfiles.
const KNOWN: [(&str, &[&str]); 9] = [
    ("busybox", &["httpd", "nc"]),
    ("alpine", &["apk"]),
    (
        "nginx",
        &["nginx", "nginx-debug", "envsubst", "curl", "njs", "perl"],
    ),
    (
        "nginx-unprivileged",
        &["nginx", "nginx-debug", "envsubst", "curl", "perl"],
    ),
    (
        "httpd",
        &["httpd", "httpd-foreground", "apachectl", "ab", "htpasswd"],
    ),
    (
        "redis",
        &[
            "redis-server",
            "redis-cli",
            "redis-sentinel",
            "redis-benchmark",
            "gosu",
        ],
    ),
    ("memcached", &["memcached"]),
    ("ubuntu", &["apt-get", "apt", "dpkg", "perl"]),
    ("debian", &["apt-get", "apt", "dpkg", "perl"]),
];

/// Programs that a misspelt word comes near to: shells' own, and those of every base system.
const COMMON: [&str; 70] = [
    "sh", "bash", "ash", "echo", "printf", "cat", "ls", "cp", "mv", "rm", "mkdir", "rmdir",
    "touch", "chmod", "chown", "ln", "sleep", "true", "false", "test", "date", "env", "printenv",
    "id", "whoami", "hostname", "uname", "ps", "kill", "top", "df", "du", "free", "mount",
    "umount", "head", "tail", "grep", "sed", "awk", "cut", "sort", "uniq", "wc", "tr", "tee",
    "find", "xargs", "tar", "gzip", "gunzip", "dd", "yes", "seq", "expr", "wget", "curl",
    "nslookup", "ping", "nc", "telnet", "vi", "which", "timeout", "nohup", "watch", "sync", "stat",
    "basename", "exec",
];

/// Clients that images of base systems and plain servers do not hold, and that scripts call by name.
const CLIENTS: [&str; 8] = [
    "kubectl", "helm", "aws", "gcloud", "az", "docker", "psql", "mysql",
];

/// Whether an image that is known has no program of that name: it is near to one that it has, but
/// for a slip of the keyboard, or it stands at a path of its own that no volume shows.
pub(super) fn lacks(program: &str, family: &str) -> bool {
    let Some((_, own)) = KNOWN.iter().find(|(image, _)| *image == family) else {
        return false;
    };
    let name = basename(program);
    if own.contains(&name) || COMMON.contains(&name) {
        return false;
    }
    if CLIENTS.contains(&name) {
        return true;
    }
    let all = own.iter().chain(&COMMON);
    let slip = |known: &&&str| is_slip(name, known);
    let apart = ["/usr/bin/", "/usr/sbin/", "/bin/", "/sbin/"]
        .iter()
        .any(|folder| program.starts_with(folder) && name.contains('-'));
    apart
        || all
            .filter(|known| known.len() > 2)
            .any(|known| slip(&known))
}

/// Further applets of busybox, most of which are programs of other base systems too.
/// Source: busybox 1.36, default configuration.
const APPLETS: &str = " addgroup adduser arch arp arping base32 base64 bc blkid bunzip2 bzcat bzip2 cal \
    chgrp chroot chrt cksum clear cmp comm cpio crond crontab dc delgroup deluser diff dig dirname dmesg \
    dos2unix ed egrep expand factor fallocate fgrep flock fold fsync fuser getent getopt getty groups hd \
    hexdump host hostid ifconfig inetd init install ionice iostat ip ipcalc killall less link logger login \
    losetup ls lsof md5sum mkfifo mknod mkpasswd mktemp more mountpoint mpstat netstat nice nl nproc nsenter \
    od passwd paste patch pgrep pidof pkill pmap printenv pstree pwd readlink realpath renice reset rev \
    run-parts script setsid sha1sum sha256sum sha512sum shred shuf split start-stop-daemon strings stty su sum \
    sysctl syslogd tac taskset tcpsvd telnetd tftp time traceroute truncate tty unexpand unix2dos unlink \
    unshare unxz unzip uptime usleep users vlock w whois xxd xzcat zcat udhcpc udpsvd ftpd sendmail ssl_client \
    tini dumb-init busybox dash stress export set trap wait eval source local read exit cd umask ";

/// Whether an image that is known has no program that is called by its bare name: images do not grow
/// programs by themselves. Not for words within a script, which may have installed some.
pub(super) fn lacks_bare(program: &str, family: &str) -> bool {
    let closed = !matches!(family, "ubuntu" | "debian");
    let known = KNOWN.iter().find(|(image, _)| *image == family);
    let Some((_, own)) = known.filter(|_| closed && !program.contains('/')) else {
        return false;
    };
    let plain = program
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    let is_applet = APPLETS
        .split_ascii_whitespace()
        .any(|applet| applet == program);
    plain && !own.contains(&program) && !COMMON.contains(&program) && !is_applet
}

/// Words of scripts that may bring programs, or say where else they are.
const BRINGING: [&str; 18] = [
    "apk ", "apt", "yum ", "dnf ", "pip", "npm ", "wget", "curl", "cp ", "mv ", "ln ", "chmod",
    "tar ", "install", "PATH=", "alias ", "()", ". /",
];

/// Where the programs of a script's text come from.
pub(super) fn supply(text: &str) -> super::Supply {
    let brings = BRINGING.iter().any(|word| text.contains(word));
    match brings || text.contains("source ") || text.contains("function ") {
        true => super::Supply::Script,
        false => super::Supply::Image,
    }
}

/// Folders in which a shell looks for programs.
const FOLDERS: [&str; 6] = [
    "/usr/local/sbin",
    "/usr/local/bin",
    "/usr/sbin",
    "/usr/bin",
    "/sbin",
    "/bin",
];

/// Whether a volume is mounted where a shell looks for programs.
pub(super) fn is_mounted_over(mounts: &[super::Mount]) -> bool {
    let within = |path: &str| FOLDERS.iter().any(|folder| path.starts_with(folder));
    mounts.iter().any(|mount| within(&mount.path))
}

/// Whether one word is another with one letter more, less, or other, two swapped, or other capitals.
fn is_slip(word: &str, known: &str) -> bool {
    if word == known || word.len() + 1 < known.len() || known.len() + 1 < word.len() {
        return false;
    }
    if word.eq_ignore_ascii_case(known) {
        return true;
    }
    let (word, known) = (word.as_bytes(), known.as_bytes());
    let same = word.iter().zip(known).take_while(|(a, b)| a == b).count();
    let (rest, others) = (&word[same..], &known[same..]);
    match (rest, others) {
        ([a, b, rest @ ..], [c, d, others @ ..]) if a == d && b == c && rest == others => true,
        ([_, rest @ ..], others) if rest == others => word.len() > 3,
        (rest, [_, others @ ..]) if rest == others => word.len() > 2,
        ([_, rest @ ..], [_, others @ ..]) if rest == others => word.len() > 3,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::lacks;

    #[test]
    fn a_misspelt_program_is_not_in_an_image_that_is_known() {
        for (program, image, missing) in [
            ("wge", "busybox", true),
            ("ngInx", "nginx", true),
            ("slep", "busybox", true),
            ("/usr/bin/run-app", "nginx-unprivileged", true),
            ("nginx", "nginx", false),
            ("wget", "busybox", false),
            ("/app/server", "busybox", false),
            ("gunicorn", "python", false),
            ("my-program", "busybox", false),
            ("kubectl", "busybox", true),
            ("psql", "postgres", false),
            ("redis-server", "redis", false),
            ("/docker-entrypoint.sh", "nginx", false),
        ] {
            assert_eq!(lacks(program, image), missing, "{program} in {image}");
        }
    }
}
