//! The suites of Docker's client libraries: what passes over dockerd's own TLS passes through the gateway.
//!
//! docker-py publishes its tests with 7.0.0 and bollard with every version; dockerode publishes none, so that a script of
//! our own stands for it, and its own specs run where `SEALOCK_DOCKERODE` names a checkout with its `node_modules`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use sealock_testkit::dockerd::IMAGE;
use sealock_testkit::lab::{Version, lab};
use sealock_testkit::process::{becomes, call, end};

use super::stage::{Caller, Stage};
use super::way::Way;
use super::whole;
use crate::common::report;

/// Every test with whether it passed.
type Results = BTreeMap<String, bool>;

/// The tests of a run, and all that was said.
type Run = (Results, String);

/// A suite: how its tests, or only those named, are run over a way.
struct Suite<'a> {
    name: &'a str,
    /// So many tests pass at least: a suite that does not run proves nothing.
    least: usize,
    /// What is refused by decision: tests that pass over dockerd's own TLS and must not pass through the gateway.
    refused: &'a [&'a str],
    run: &'a dyn Fn(&Caller<'_>, Option<&str>) -> Run,
}

impl Suite<'_> {
    /// Runs it over dockerd's own TLS and over ours. What differs is tried again, alone: such suites have tests that
    /// fail now and then anywhere.
    fn compare(&self, stage: &Stage) {
        let _ours = stage.open(Way::Ours);
        let cli = lab().docker_cli(stage.daemon.version());
        let callers = [Way::Dockerd, Way::Ours].map(|way| stage.caller(way, &cli));
        let run = |caller: &Caller<'_>, only: Option<&str>| {
            clear(stage);
            (self.run)(caller, only)
        };
        let mut seen = callers.each_ref().map(|caller| run(caller, None).0);
        let mut said = String::new();
        for _ in 0..2 {
            for name in self.differences(&seen) {
                for (caller, seen) in callers.iter().zip(&mut seen) {
                    if seen.get(&name) != Some(&true) {
                        let (results, text) = run(caller, Some(&name));
                        said += &format!("--- {name} over {}\n{text}\n", caller.way);
                        seen.extend(results);
                    }
                }
            }
        }
        let [own, ours] = &seen;
        let passed = |results: &Results| results.values().filter(|passed| **passed).count();
        report(&format!(
            "{}, dockerd {:?}: {} of {} pass over dockerd's own TLS, {} of {} through the gateway",
            self.name,
            stage.daemon.version(),
            passed(own),
            own.len(),
            passed(ours),
            ours.len(),
        ));
        assert!(
            self.differences(&seen).is_empty(),
            "{}: not the same: {:#?}\n{said}",
            self.name,
            self.differences(&seen)
        );
        assert!(
            passed(own) >= self.least,
            "{}: only {} pass: {own:#?}",
            self.name,
            passed(own)
        );
    }

    /// The tests that do not come out as they should.
    fn differences(&self, [own, ours]: &[Results; 2]) -> Vec<String> {
        let names: BTreeSet<&String> = own.keys().chain(ours.keys()).collect();
        let differ = |name: &&&String| {
            let wanted = own
                .get(**name)
                .map(|passed| *passed && !self.refused.contains(&name.as_str()));
            wanted.as_ref() != ours.get(**name)
        };
        names
            .iter()
            .filter(differ)
            .map(|name| (*name).clone())
            .collect()
    }
}

/// Takes away what a run has left: a test that failed leaves a container, and the next one of that name fails too.
fn clear(stage: &Stage) {
    let names = stage
        .daemon
        .docker(&["ps", "-a", "--format", "{{.Names}}"])
        .ok();
    for name in names
        .split_whitespace()
        .filter(|name| !stage.is_callers(name))
    {
        let _ = stage.daemon.docker(&["rm", "-f", "-v", name]);
    }
    let _ = stage.daemon.docker(&["network", "prune", "-f"]);
}

#[test]
fn the_suite_of_docker_py() {
    docker_py(Version::V20);
}

#[test]
fn the_suite_of_docker_py_at_28() {
    docker_py(Version::V28);
}

/// docker-py's suite at one daemon; a part of it, unless all is asked for.
fn docker_py(version: Version) {
    let stage = Stage::new(version);
    let chosen = if whole() {
        // Plugins come from a registry on the Internet; contexts and credentials are files of the client's.
        "tests/integration --ignore tests/integration/api_plugin_test.py \
         --ignore tests/integration/context_api_test.py --ignore tests/integration/credentials"
            .to_owned()
    } else {
        let of = |file: &str, classes: &[&str]| {
            classes
                .iter()
                .map(|class| format!("tests/integration/{file}::{class} "))
                .collect::<String>()
        };
        of("api_exec_test.py", &["ExecTest"])
            + &of(
                "api_build_test.py",
                &[
                    "BuildTest::test_build_out_of_context_dockerfile",
                    "BuildTest::test_build_in_context_nested_dockerfile",
                ],
            )
            + &of(
                "api_container_test.py",
                &["ContainerCPUTest::test_create_with_runtime"],
            )
            + &of(
                "api_container_test.py",
                &["ArchiveTest", "LogsTest", "AttachContainerTest"],
            )
    };
    // Some tests ask for what an engine of 28 no longer has.
    let least = match (whole(), version) {
        (true, Version::V28) => 300,
        (true, _) => 340,
        (false, _) => 20,
    };
    Suite {
        name: "docker-py 7.0.0",
        least,
        // Removing a link of the old kind names two containers in one path; links are gone from Docker's own networks.
        refused: &["tests/integration/api_container_test.py::LinkTest::test_remove_link"],
        run: &|caller, only| {
            // The suite removes images that it did not make.
            for name in ["alpine:3.10", "alpine:latest", "busybox:latest"] {
                let _ = stage.daemon.docker(&["tag", IMAGE, name]).ok();
            }
            let line = format!(
                "cd {0}/source && PYTHONDONTWRITEBYTECODE=1 DOCKER_TEST_API_VERSION=1.41 {0}/venv/bin/python3 -m pytest -v --tb={1} -p no:cacheprovider --timeout 60 {2} 2>&1",
                lab().docker_py().display(),
                if only.is_some() { "short" } else { "no" },
                only.unwrap_or(&chosen),
            );
            let said = caller.bash(1800, &line);
            let results = said
                .stdout
                .lines()
                .filter_map(|line| {
                    let (name, rest) = line.split_once(' ')?;
                    let passed = match rest.split_whitespace().next()? {
                        "PASSED" => true,
                        "FAILED" | "ERROR" => false,
                        _ => return None,
                    };
                    name.contains("::").then(|| (name.to_owned(), passed))
                })
                .collect();
            (results, said.stdout)
        },
    }
    .compare(&stage);
}

#[test]
fn the_suite_of_bollard() {
    let stage = Stage::new(Version::V28);
    let registry = Registry::start(&stage);
    // Of the second only what streams, both ways, unless all is asked for.
    let programs: &[(&str, &str)] = if whole() {
        &[
            ("exec_test", ""),
            ("container_test", ""),
            ("network_test", ""),
            ("volume_test", ""),
        ]
    } else {
        &[
            ("exec_test", ""),
            ("container_test", "archive attach logs export"),
        ]
    };
    Suite {
        name: "bollard 0.21.1",
        least: if whole() { 28 } else { 9 },
        refused: &[],
        run: &|caller, only| {
            let (mut results, mut all) = Run::default();
            for (program, chosen) in programs {
                let line = format!(
                    "REGISTRY_HTTP_ADDR=127.0.0.1:5000 REGISTRY_PASSWORD={} {}/tests/{program} --test-threads 1 {} 2>&1",
                    registry.password,
                    lab().bollard().display(),
                    only.map_or((*chosen).to_owned(), |name| format!("--exact {name}")),
                );
                let said = caller.bash(900, &line);
                results.extend(said.stdout.lines().filter_map(|line| {
                    let (name, result) = line.strip_prefix("test ")?.rsplit_once(" ... ")?;
                    Some((name.to_owned(), result == "ok"))
                }));
                all += &said.stdout;
            }
            (results, all)
        },
    }
    .compare(&stage);
}

#[test]
fn dockerode_and_what_it_does() {
    let stage = Stage::new(Version::V28);
    let script = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/real/gateway/dockerode.js"
    );
    Suite {
        name: "dockerode 5.0.1, our script",
        least: 11,
        refused: &[],
        run: &|caller, only| {
            let said = caller.bash(120, &format!("node {script} $C $IMAGE 2>&1"));
            let wants = BTreeMap::from([
                ("ping", "OK"),
                ("run", "4 out"),
                ("attach", "{\"1\":\"typed\\n\",\"2\":\"\"}"),
                ("exec", "{\"1\":\"typed\\n\",\"2\":\"wrong\\n\"} 6"),
                ("logs", "{\"1\":\"1\\n2\\n3\\n\",\"2\":\"\"}"),
                ("events", "destroy"),
                ("stats", "string"),
                ("wait", "9"),
                ("archives", "true"),
                ("build", "true"),
                ("refusals", "404 26, 404 29, 404 25"),
            ]);
            let lines: BTreeMap<&str, &str> = said
                .stdout
                .lines()
                .filter_map(|line| line.split_once(": "))
                .collect();
            let results = wants
                .into_iter()
                .map(|(name, wants)| (format!("{name}: {wants}"), lines.get(name) == Some(&wants)))
                .filter(|(name, _)| only.is_none_or(|only| only == name))
                .collect();
            (results, said.stdout)
        },
    }
    .compare(&stage);
}

/// dockerode's own specs, which only its repository has.
#[test]
fn the_specs_of_dockerode_where_they_are() {
    let Some(checkout) = std::env::var_os("SEALOCK_DOCKERODE") else {
        report(
            "dockerode's own specs: SEALOCK_DOCKERODE names no checkout, and npm has none of them",
        );
        return;
    };
    let stage = Stage::new(Version::V28);
    let _ = stage.daemon.docker(&["tag", IMAGE, "ubuntu:latest"]).ok();
    Suite {
        name: "dockerode's own specs",
        least: 40,
        // It says `Dns` beside `HostConfig`, not in it: no engine since 27 reads that, and older ones read everything there.
        refused: &["container stdin should support attach with tty enable writing 1000 bytes"],
        run: &|caller, only| {
            let line = format!(
                "cd '{}' && node_modules/.bin/mocha --reporter tap --exit --timeout 30000 {} test/container.js test/docker.js test/image.js test/networks.js test/promises.js test/util.js 2>&1",
                checkout.to_string_lossy(),
                only.map_or(String::new(), |name| format!("--grep '{}'", title(name))),
            );
            let said = caller.bash(900, &line);
            let results = said.stdout.lines().filter_map(|line| {
                let (passed, rest) = line.strip_prefix("not ").map_or((true, line), |rest| (false, rest));
                let (_, name) = rest.strip_prefix("ok ")?.split_once(' ')?;
                // A hook fails by what a test before it has left to come: which one is chance, and no test.
                let spec = !name.contains("# SKIP") && !name.contains("\" hook ");
                spec.then(|| (name.to_owned(), passed))
            });
            (results.collect(), said.stdout.clone())
        },
    }
    .compare(&stage);
}

/// What finds a spec by its name in a report, from which the `#` of its title are gone.
fn title(name: &str) -> String {
    let words = name.split(' ').map(|word| {
        let plain = word
            .chars()
            .map(|c| if c.is_alphanumeric() { c } else { '.' });
        plain.collect::<String>()
    });
    format!("^#?{}$", words.collect::<Vec<_>>().join("[ #]+"))
}

/// A registry in the stage's namespace, with the images that bollard's tests pull.
struct Registry {
    child: Child,
    password: String,
}

impl Registry {
    fn start(stage: &Stage) -> Self {
        let folder = stage.daemon.folder().join("registry");
        fs::create_dir(&folder).unwrap();
        let password = format!("p{}", std::process::id());
        let htpasswd = lab()
            .peer("usr/bin/htpasswd")
            .args(["-nbB", "bollard", &password])
            .output()
            .unwrap();
        assert!(
            htpasswd.status.success(),
            "{}",
            String::from_utf8_lossy(&htpasswd.stderr)
        );
        fs::write(folder.join("users"), htpasswd.stdout).unwrap();
        let config = folder.join("config.yml");
        let at = folder.display();
        fs::write(
            &config,
            format!("version: 0.1\nstorage:\n  filesystem:\n    rootdirectory: {at}/data\nhttp:\n  addr: 127.0.0.1:5000\nauth:\n  htpasswd:\n    realm: lab\n    path: {at}/users\n"),
        )
        .unwrap();
        let mut command = lab().peer("usr/bin/docker-registry");
        command.arg("serve").arg(&config);
        let log = fs::File::create(folder.join("log")).unwrap();
        let child = stage
            .network
            .inside(&command)
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let this = Self { child, password };
        let answers = || {
            stage
                .network
                .run(Command::new("curl").args([
                    "-s",
                    "-o",
                    "/dev/null",
                    "http://127.0.0.1:5000/v2/",
                ]))
                .code
                == 0
        };
        assert!(
            becomes(Duration::from_secs(10), answers),
            "the registry does not answer"
        );
        this.fill(stage);
        this
    }

    /// What the tests run: something that greets, something that serves for ever, and a shell.
    fn fill(&self, stage: &Stage) {
        let context = stage.daemon.folder().join("registry/context");
        fs::create_dir(&context).unwrap();
        fs::write(
            context.join("hello"),
            "#!/bin/sh\nprintf '\\nHello from Docker!\\n'\n",
        )
        .unwrap();
        fs::write(context.join("run_uhttpd"), "#!/bin/sh\nexec sleep 100000\n").unwrap();
        fs::write(context.join("uhttpd"), "\nconfig uhttpd main\n").unwrap();
        let _ = call("chmod", &["-R", "a+rx", &context.display().to_string()]).ok();
        let file = format!(
            "FROM {IMAGE}\nCOPY hello /hello\nCOPY run_uhttpd /usr/sbin/run_uhttpd\nCOPY uhttpd /etc/config/uhttpd\n"
        );
        fs::write(context.join("Dockerfile"), file).unwrap();
        let caller = stage.caller(Way::Dockerd, &lab().docker_cli(stage.daemon.version()));
        let line = format!(
            "DOCKER_BUILDKIT=0 docker build -q --network none -t all {}; echo {} | docker login --username bollard --password-stdin 127.0.0.1:5000; \
             for name in hello-world:linux fussybeaver/uhttpd alpine; do docker tag all 127.0.0.1:5000/$name && docker push -q 127.0.0.1:5000/$name || exit 1; done",
            context.display(),
            self.password,
        );
        let _ = caller.bash(120, &line).ok();
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        end(self.child.id(), Duration::from_secs(3));
        let _ = self.child.wait();
    }
}
