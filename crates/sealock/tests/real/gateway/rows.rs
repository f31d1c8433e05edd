//! The rows of the matrix: what people do with Docker, each a line of shell, and what comes out of it.

/// How large and how long the rows are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scale {
    /// Seconds between the end of the input and the output that follows.
    pub(crate) late: u64,
    /// Bytes each way.
    pub(crate) bytes: u64,
    /// Seconds of silence.
    pub(crate) silence: u64,
}

impl Scale {
    /// For every run.
    pub(crate) const SHORT: Self = Self {
        late: 3,
        bytes: 8 << 20,
        silence: 8,
    };
    /// For `SEALOCK_SWEEP=all`.
    pub(crate) const LONG: Self = Self {
        late: 70,
        bytes: 1 << 30,
        silence: 600,
    };

    /// For a comparison with everybody: long enough for whoever closes after a minute.
    pub(crate) const MIDDLE: Self = Self {
        late: 70,
        bytes: 32 << 20,
        ..Self::SHORT
    };

    /// A row's line with the figures filled in.
    pub(crate) fn fill(self, line: &str) -> String {
        line.replace("@LATE@", &self.late.to_string())
            .replace("@BYTES@", &self.bytes.to_string())
            .replace("@SILENCE@", &self.silence.to_string())
            // Ten bytes a line, none of them like another.
            .replace(
                "@COUNT@",
                &format!("seq 1000000000 $((1000000000 + {} / 10))", self.bytes),
            )
    }

    /// What a line may take before it counts as hanging, in seconds.
    pub(crate) fn patience(self, line: &str) -> u64 {
        let mut seconds = 90;
        if line.contains("@LATE@") {
            seconds += self.late;
        }
        if line.contains("@COUNT@") || line.contains("@BYTES@") {
            seconds += self.bytes / (2 << 20);
        }
        if line.contains("@SILENCE@") {
            seconds += self.silence;
        }
        seconds
    }
}

/// A row. `$C` is a container that sleeps, `$IMAGE` an image.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) line: &'static str,
    /// The standard output, and `rc N` where the exit code is not 0.
    pub(crate) wants: Wants,
}

pub(crate) enum Wants {
    /// This, of everybody.
    Text(&'static str),
    /// Whatever comes out over dockerd's own TLS, which must not be nothing.
    Same,
    /// This of us, where dockerd itself loses something.
    Better(&'static str),
}

use Wants::{Better, Same, Text};

/// Every row that takes no longer than it must.
pub(crate) const ROWS: &[Row] = &[
    row(
        "run",
        "docker run --rm --network none $IMAGE echo out",
        "out\n",
    ),
    row(
        "run, exit code and both outputs",
        "docker run --rm --network none $IMAGE sh -c 'echo o; echo e >&2; exit 42'",
        "o\nrc 42",
    ),
    row(
        "run -i, end of input",
        "printf 'a\\nb\\n' | docker run -i --rm --network none $IMAGE cat",
        "a\nb\n",
    ),
    row("exec", "docker exec $C echo out", "out\n"),
    row("exec, exit 7", "docker exec $C sh -c 'exit 7'", "rc 7"),
    row(
        "exec, output and exit 7",
        "docker exec $C sh -c 'echo seven; exit 7'",
        "seven\nrc 7",
    ),
    row("exec -i", "printf 'in\\n' | docker exec -i $C cat", "in\n"),
    row(
        "half-close, output later",
        "printf x | docker exec -i $C sh -c 'cat; sleep @LATE@; echo late; exit 3'",
        "xlate\nrc 3",
    ),
    row(
        "half-close from the other side",
        "(sleep 0.7; echo more) | docker exec -i $C sh -c 'exec >&- 2>&-; cat >/tmp/got'; docker exec $C cat /tmp/got",
        "more\n",
    ),
    row(
        "many bytes out",
        "make='seq 1000000000 1000100000 >s; while cat s; do :; done 2>/dev/null | head -c @BYTES@'; [ \"$(docker exec $C sh -c \"$make\" | md5sum)\" = \"$(sh -c \"$make\" | md5sum)\" ] && echo same",
        "same\n",
    ),
    row(
        "many bytes in",
        "[ \"$(@COUNT@ | docker exec -i $C md5sum)\" = \"$(@COUNT@ | md5sum)\" ] && echo same",
        "same\n",
    ),
    row(
        "many bytes both ways",
        "[ \"$(@COUNT@ | docker exec -i $C cat | md5sum)\" = \"$(@COUNT@ | md5sum)\" ] && echo same",
        "same\n",
    ),
    row(
        "sixteen at once",
        "for i in $(seq 16); do (docker exec $C sh -c \"echo $i; exit $i\" >out.$i; echo $? >>out.$i) & done; wait; cat $(seq -f out.%g 16) | tr '\\n' ' '",
        "1 1 2 2 3 3 4 4 5 5 6 6 7 7 8 8 9 9 10 10 11 11 12 12 13 13 14 14 15 15 16 16 ",
    ),
    row(
        "terminal, its size and exit code",
        "script -qec \"stty rows 33 cols 77; docker exec -it $C sh -c 'test -t 0 && echo terminal; for i in \\$(seq 200); do case \\$(stty size 2>/dev/null) in 33*) break;; esac; sleep 0.1; done; stty size; exit 3'\" /dev/null >t; rc=$?; tr -d '^@\\r' <t; exit $rc",
        "terminal\n33 77\nrc 3",
    ),
    row(
        "start -ai",
        "docker create -i --name $C-a --network none $IMAGE cat >/dev/null; printf hey | docker start -ai $C-a; docker rm $C-a >/dev/null",
        "hey",
    ),
    row(
        "attach, exit code",
        ": >out; docker run -d --name $C-b --network none $IMAGE sh -c 'trap \"echo later; exit 5\" USR1; while :; do echo early; sleep 0.1; done' >/dev/null; \
         docker attach $C-b >out & p=$!; until grep -q early out; do sleep 0.1; done; docker kill -s USR1 $C-b >/dev/null; wait $p; rc=$?; uniq out; docker rm -f $C-b >/dev/null; exit $rc",
        "early\nlater\nrc 5",
    ),
    row(
        "wait",
        "docker run -d --name $C-c --network none $IMAGE sh -c 'sleep 0.7; exit 9' >/dev/null; docker wait $C-c; docker rm $C-c >/dev/null",
        "9\n",
    ),
    row(
        "signals are passed on",
        ": >out; docker run --rm --network none $IMAGE sh -c 'trap \"echo caught; exit 4\" TERM; echo ready; while :; do sleep 0.1; done' >out & p=$!; \
         until grep -q ready out; do sleep 0.1; done; kill -TERM $p; wait $p; rc=$?; cat out; exit $rc",
        "ready\ncaught\nrc 4",
    ),
    row(
        "killed while attached",
        ": >out; docker run --name $C-k --network none $IMAGE sh -c 'echo ready; sleep 60' >out & p=$!; until grep -q ready out; do sleep 0.1; done; docker kill $C-k >/dev/null; wait $p; rc=$?; docker rm $C-k >/dev/null; exit $rc",
        "rc 137",
    ),
    row(
        "logs -f, an hour's lines",
        "docker run -d --name $C-l --network none $IMAGE sh -c 'i=0; while [ $i -lt 3600 ]; do i=$((i+1)); echo $i; [ $((i % 600)) = 0 ] && sleep 0.3; done' >/dev/null; \
         docker logs -f $C-l | awk '{n++; if ($1 != n) bad++} END {print n, bad+0}'; docker rm -f $C-l >/dev/null",
        "3600 0\n",
    ),
    // Docker's command line of 28 ends with the one or the other, as its own threads come to it.
    row(
        "logs -f, interrupted",
        "timeout --preserve-status -s INT 1 docker logs -f $C 2>/dev/null; case $? in 0 | 130) echo ended;; *) echo $?;; esac",
        "ended\n",
    ),
    row(
        "events",
        // What `top` leaves shows that somebody listens.
        ": >out; docker events --filter container=$C --filter container=$C-e --format '{{.Action}}' >out & p=$!; until grep -q top out; do docker top $C >/dev/null; sleep 0.1; done; \
         docker run --rm --name $C-e --network none $IMAGE true; until grep -q destroy out; do sleep 0.1; done; { kill $p; wait $p; } 2>/dev/null; grep -v exec out | sort -u | tr '\\n' ' '",
        "attach create destroy die start top ",
    ),
    // A command line that has heard nothing for two seconds says `--`, and a busy daemon takes longer.
    row(
        "stats",
        "curl -sN --cacert $DOCKER_CERT_PATH/ca.pem --cert $DOCKER_CERT_PATH/cert.pem --key $DOCKER_CERT_PATH/key.pem \
         https://127.0.0.1:$PORT/containers/$C/stats | head -n 2 | wc -l; \
         for i in $(seq 20); do pids=$(docker stats --no-stream --format '{{.PIDs}}' $C); [ \"$pids\" != -- ] && break; done; echo $pids",
        "2\n1\n",
    ),
    row(
        "cp in and out",
        "head -c 3000000 /dev/urandom >f; docker cp -q f $C:/f 2>/dev/null || docker cp f $C:/f; docker cp $C:/f g >/dev/null 2>&1; cmp f g && echo same",
        "same\n",
    ),
    row(
        "cp by pipe",
        "echo piped >h; tar -c h | docker cp - $C:/tmp; docker cp $C:/tmp/h - | tar -xO",
        "piped\n",
    ),
    row(
        "save and load",
        "docker save $IMAGE | docker load | sed 's/ID: .*//'; docker image inspect -f '{{.Os}}' $IMAGE",
        "Loaded image: 127.0.0.1:1/busybox:1\nlinux\n",
    ),
    row(
        "export and import",
        "docker export $C | docker import - $C-i:1 >/dev/null; docker run --rm --network none $C-i:1 /bin/busybox grep -c root /etc/passwd; docker rmi -f $C-i:1 >/dev/null",
        "1\n",
    ),
    row(
        "build, classic",
        "mkdir -p b; cd b; head -c 2000000 /dev/zero >zeros; printf 'FROM %s\\nCOPY zeros /z\\nRUN echo made >/m\\n' $IMAGE >Dockerfile; \
         DOCKER_BUILDKIT=0 docker build --no-cache --network none -t $C-b:1 . >log 2>&1 || cat log; docker run --rm --network none $C-b:1 sh -c 'cat /m; wc -c </z'; docker rmi -f $C-b:1 >/dev/null",
        "made\n2000000\n",
    ),
    row(
        "build, BuildKit, with a secret",
        "mkdir -p k; cd k; head -c 2000000 /dev/zero >zeros; echo hidden >s; \
         printf 'FROM %s\\nCOPY zeros /z\\nRUN --mount=type=secret,id=s cat /run/secrets/s >/m\\n' $IMAGE >Dockerfile; \
         DOCKER_BUILDKIT=1 docker build --no-cache --network none --secret id=s,src=s -t $C-k:1 . >log 2>&1 || cat log; \
         docker run --rm --network none $C-k:1 sh -c 'cat /m; wc -c </z'; docker rmi -f $C-k:1 >/dev/null",
        "hidden\n2000000\n",
    ),
    row(
        "build that fails",
        "mkdir -p x; cd x; printf 'FROM %s\\nRUN exit 6\\n' $IMAGE >Dockerfile; DOCKER_BUILDKIT=0 docker build --no-cache --network none . >/dev/null 2>&1; echo $?",
        "6\n",
    ),
    row(
        "compose up, exec, logs, down",
        "mkdir -p c; cd c; printf 'services:\\n  one:\\n    image: %s\\n    command: sh -c \"echo hello; sleep 60\"\\n    stop_grace_period: 0s\\n' $IMAGE >compose.yaml; \
         docker compose -p $C up -d >log 2>&1 || cat log; docker compose -p $C exec -T one echo inside; until docker compose -p $C logs --no-log-prefix one | grep hello; do sleep 0.1; done; \
         docker compose -p $C down >log 2>&1 || cat log; docker compose -p $C ps -aq",
        "inside\nhello\n",
    ),
    row(
        "networks and volumes",
        "docker network create $C-n >/dev/null && docker network connect $C-n $C-o 2>&1 | cut -c-24; docker volume create $C-v; \
         docker run --rm --network none -v $C-v:/v $IMAGE sh -c 'echo kept >/v/f'; docker run --rm --network $C-n -v $C-v:/v $IMAGE cat /v/f; \
         docker volume rm $C-v; docker network rm $C-n",
        "Error response from daem\nNAME-v\nkept\nNAME-v\nNAME-n\n",
    ),
    row(
        "a container's life",
        "docker create --name $C-p --network none --label l=1 $IMAGE sleep 60 >/dev/null; docker start $C-p; docker pause $C-p; docker unpause $C-p; \
         docker rename $C-p $C-q; docker update --memory 64m --memory-swap 64m $C-q | head -n 1; docker inspect -f '{{.HostConfig.Memory}}' $C-q; docker top $C-q -o pid,comm | awk 'END {print $2}'; \
         docker exec $C-q touch /new; docker diff $C-q; docker ps -q --filter label=l=1 --filter name=$C-q | wc -l; docker commit $C-q $C-w:1 >/dev/null; \
         docker tag $C-w:1 $C-w:2; docker history -q $C-w:2 | wc -l; docker rmi $C-w:1 $C-w:2 >/dev/null; docker restart -t 0 $C-q; docker stop -t 0 $C-q; docker rm $C-q",
        "NAME-p\nNAME-p\nNAME-p\nNAME-q\n67108864\nsleep\nA /new\n1\n2\nNAME-q\nNAME-q\nNAME-q\n",
    ),
    row(
        "what goes wrong",
        "docker inspect -f x $C-none; echo $?; docker exec $C-none true; echo $?; docker exec $C /none; echo $?; docker run --rm --network none $IMAGE /none; echo $?; \
         docker run --rm --pull never $C-none true; echo $?; docker rm $C; echo $?; docker stop $C-none; echo $?; docker kill -s NONE $C; echo $?",
        "",
    ),
    row(
        "version, info and disk",
        "docker version -f '{{.Server.Version}} {{.Server.APIVersion}}'; docker info -f '{{.Driver}} {{.ServerVersion}}'; docker system df --format '{{.Type}}'",
        "",
    ),
    row(
        "a filter of 100 kB",
        "docker ps -q --filter name=$(head -c 100000 /dev/zero | tr '\\0' x); echo $?",
        "0\n",
    ),
    row(
        "a context of docker",
        "docker context create $C --docker host=$DOCKER_HOST,ca=$DOCKER_CERT_PATH/ca.pem,cert=$DOCKER_CERT_PATH/cert.pem,key=$DOCKER_CERT_PATH/key.pem >/dev/null 2>&1; env -u DOCKER_HOST -u DOCKER_TLS_VERIFY -u DOCKER_CERT_PATH docker --context $C exec $C echo through",
        "through\n",
    ),
    row(
        "chunked upload, Expect",
        "echo chunk >q; tar -c q | curl -s -T - -H 'Expect: 100-continue' -o /dev/null -w '%{http_code}\\n' --cacert $DOCKER_CERT_PATH/ca.pem \
         --cert $DOCKER_CERT_PATH/cert.pem --key $DOCKER_CERT_PATH/key.pem \"https://127.0.0.1:$PORT/v1.41/containers/$C/archive?path=/tmp\"; docker exec $C cat /tmp/q",
        "200\nchunk\n",
    ),
    row(
        "hijack without Upgrade",
        "$PYTHON $RAW legacy $C",
        "HTTP/1.1 200 OK False\ntyped\nend\nexit 5\n",
    ),
    Row {
        name: "input before the answer",
        line: "$PYTHON $RAW early $C",
        wants: Better("HTTP/1.1 101 UPGRADED\nearly\nlate\nend\n"),
    },
    row(
        "attach by websocket",
        "docker run -di --name $C-s --network none $IMAGE cat >/dev/null; $PYTHON $RAW websocket $C-s; docker rm -f $C-s >/dev/null",
        "101\nTrue over a websocket\n",
    ),
    row("pipelined requests", "$PYTHON $RAW pipeline $C", "5 5\n"),
    row("HTTP/1.0", "$PYTHON $RAW old $C", "True\n200 b'OK' True\n"),
    row(
        "ping's heads, 300 headers, 900 kB in one",
        "$PYTHON $RAW heads $C",
        "",
    ),
    row(
        "a wait answers at once",
        "$PYTHON $RAW silent $C",
        "200 at once\n",
    ),
];

/// Rows that cost too much for every run, and change the daemon as a whole: one way after the other.
pub(crate) const LONG_ROWS: &[Row] = &[row(
    "swarm: services, secrets, logs",
    "docker swarm init --advertise-addr 127.0.0.1 >/dev/null; echo s | docker secret create $C-s - >/dev/null; docker service create -q -d --name $C-s --network host --secret $C-s $IMAGE sleep 600 >/dev/null; \
     docker secret ls --format '{{.Name}}'; docker service ls --format '{{.Name}}'; docker node ls -q | wc -l; docker service rm $C-s; docker secret rm $C-s >/dev/null; docker swarm leave -f",
    "",
)];

const fn row(name: &'static str, line: &'static str, wants: &'static str) -> Row {
    Row {
        name,
        line,
        wants: if wants.is_empty() { Same } else { Text(wants) },
    }
}
