//! Asking the installed SmokePing.

use std::path::Path;
use std::process::Command;

use smokeprobe_server::config::Loaded;
use tempfile::TempDir;

/// Folders and files that a configuration of SmokePing must name, so that it is accepted.
pub(crate) struct Installation {
    folder: TempDir,
}

/// What SmokePing says of a configuration.
#[derive(Debug, PartialEq)]
pub(crate) enum Verdict {
    /// It is accepted, with these targets, ordered by path.
    Accepted(Vec<TargetSeen>),
    /// It is refused, for this reason.
    Refused(String),
}

/// What a target is, as far as both readers know it.
#[derive(Debug, PartialEq)]
pub(crate) struct TargetSeen {
    pub(crate) path: String,
    pub(crate) host: String,
    pub(crate) probe: String,
    pub(crate) step: u32,
    pub(crate) pings: u32,
    pub(crate) alerts: Vec<String>,
    pub(crate) slaves: Vec<String>,
    pub(crate) nomasterpoll: bool,
    pub(crate) port: Option<u16>,
}

/// Runs SmokePing's own reader over many files in one process, and prints the targets of those that it accepts.
///
/// The variable keeps it from trying out its probes, as it does not in its own `--check` either.
const READER: &str = r#"
use Smokeping;
open my $out, ">&", \*STDOUT;
open STDERR, ">", "/dev/null";
for my $file (@ARGV) {
    my $parser = Smokeping::get_parser();
    my $config = eval { $parser->parse($file) };
    my $error = $@ || $parser->{err} || "no reason";
    if (not defined $config) {
        $error =~ s/\s+/ /g;
        print $out "refused\t$error\n";
        next;
    }
    print $out "accepted\n";
    walk($out, $config, $config->{Targets}, "");
}
sub probe_of {
    my ($config, $name) = @_;
    for my $module (keys %{$config->{Probes}}) {
        my $section = $config->{Probes}{$module};
        next unless ref $section eq "HASH";
        return ($module, $section->{$name}) if ref $section->{$name} eq "HASH";
    }
    return ($name, $config->{Probes}{$name});
}
sub walk {
    my ($out, $config, $section, $path) = @_;
    if ($path ne "" and defined $section->{host} and $section->{host} ne "" and $section->{host} !~ m|^/|) {
        my ($module, $probe) = probe_of($config, $section->{probe});
        # The probes that measure all targets at once have one number of pings for all.
        my $own = $module =~ /^FPing/ ? undef : $section->{pings};
        my $pings = $own // $probe->{pings} // $config->{Database}{pings};
        my $step = $probe->{step} // $config->{Database}{step};
        $step = $config->{Database}{step} if ($config->{General}{concurrentprobes} // "yes") eq "no";
        my $port = $module eq "TCPPing" ? $section->{port} // $probe->{port} // 80 : "-";
        # A section may have the name of a variable that is not set.
        my %set = map { ref $section->{$_} ? () : ($_ => $section->{$_}) } keys %$section;
        print $out join("\t", "target", $path, $set{host}, $set{probe}, $step, $pings,
            $set{alerts} // "", $set{slaves} // "", $set{nomasterpoll} // "no", $port), "\n";
    }
    for my $name (sort keys %$section) {
        next if $name =~ /^_/ or ref $section->{$name} ne "HASH";
        walk($out, $config, $section->{$name}, $path eq "" ? $name : "$path.$name");
    }
}
"#;

impl Installation {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("data")).unwrap();
        for (name, text) in [("page.html", "<html>"), ("mail", "Subject: x\n\nx\n"), ("secrets", "boomer:x\n")] {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        let secret = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(folder.path().join("secrets"), secret).unwrap();
        Self { folder }
    }

    /// The folder of it all.
    pub(crate) fn path(&self) -> &str {
        self.folder.path().to_str().unwrap()
    }

    /// What SmokePing says of each text.
    pub(crate) fn verdicts(&self, texts: &[String]) -> Vec<Verdict> {
        let files: Vec<_> = (0..texts.len()).map(|number| self.folder.path().join(format!("{number}.conf"))).collect();
        for (file, text) in files.iter().zip(texts) {
            std::fs::write(file, text).unwrap();
        }
        let output = Command::new("perl").args(["-e", READER]).args(&files).output().expect("perl runs");
        let printed = String::from_utf8_lossy(&output.stdout);
        let mut verdicts = Vec::new();
        for line in printed.lines() {
            match (line.split('\t').collect::<Vec<_>>().as_slice(), verdicts.last_mut()) {
                (["accepted"], _) => verdicts.push(Verdict::Accepted(Vec::new())),
                (["refused", why], _) => verdicts.push(Verdict::Refused((*why).to_owned())),
                (["target", fields @ ..], Some(Verdict::Accepted(targets))) => targets.push(target(fields)),
                (other, _) => panic!("the reader printed {other:?}"),
            }
        }
        assert_eq!(verdicts.len(), texts.len(), "SmokePing's reader failed; is the package smokeping installed?");
        for verdict in &mut verdicts {
            if let Verdict::Accepted(targets) = verdict {
                targets.sort_by(|a, b| a.path.cmp(&b.path));
            }
        }
        verdicts
    }

    /// What `smokeping --check` says of a text.
    pub(crate) fn check(&self, text: &str) -> bool {
        let file = self.folder.path().join("check.conf");
        std::fs::write(&file, text).unwrap();
        let option = format!("--config={}", file.display());
        let status = Command::new("smokeping").args(["--check", &option]).output();
        status.expect("install Debian's package smokeping").status.success()
    }

    /// What we make of a text.
    pub(crate) fn ours(&self, text: &str) -> Loaded {
        let file = self.folder.path().join("ours.conf");
        std::fs::write(&file, text).unwrap();
        crate::load_file(Path::new(&file))
    }
}

fn target(fields: &[&str]) -> TargetSeen {
    let [path, host, probe, step, pings, alerts, slaves, nomasterpoll, port] = fields else {
        panic!("a target has {fields:?}")
    };
    let list = |text: &str, separator: char| -> Vec<String> {
        text.split(separator).map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect()
    };
    TargetSeen {
        path: (*path).to_owned(),
        host: (*host).to_owned(),
        probe: (*probe).to_owned(),
        // Perl takes the number at the start of a text.
        step: step.chars().take_while(char::is_ascii_digit).collect::<String>().parse().unwrap(),
        pings: pings.parse().unwrap(),
        alerts: list(alerts, ','),
        slaves: list(slaves, ' '),
        nomasterpoll: *nomasterpoll == "yes",
        port: port.parse().ok(),
    }
}
