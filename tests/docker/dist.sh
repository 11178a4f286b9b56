#!/bin/bash
# What is published: the same, bit for bit, from another directory at another time; complete; and it runs as it was unpacked.
# shellcheck source=tests/docker/lib.sh
. "$(dirname "$0")/lib.sh"
dist=$TOP/build/dist
version=$(sed -n 's/^VERSION = //p' "$TOP/Makefile")
name=pgseal-$version

run make -s -C "$TOP" dist
is "$RC" 0 "make dist"
[[ $RC == 0 ]] || diag "$(tail -n 20 <<<"$OUT$ERR")"
is "$(ls "$dist")" "SHA256SUMS
$name-linux-amd64.tar.gz
$name-linux-arm64.tar.gz
$name.spdx.json
$name.tar.gz" "writes three tarballs, an SBOM and checksums"
run bash -c "cd '$dist' && sha256sum -c SHA256SUMS"
is "$RC $(grep -c ': OK$' <<<"$OUT")" "0 4" "the checksums are theirs"

there=$SCRATCH/a/rather/longer/name
mkdir -p "$there/build"
tar -C "$TOP" --exclude=./build --exclude=./.git -cf - . | tar --touch -C "$there" -xf -
ln -s "$TOP/build/roots" "$there/build/roots"
run bash -c "umask 077 && TZ=Asia/Tokyo LC_ALL=C.UTF-8 make -s -C '$there' dist"
is "$RC" 0 "make dist, in another directory, zone and language"
is "$(<"$there/build/dist/SHA256SUMS")" "$(<"$dist/SHA256SUMS")" "gives the same five files, bit for bit"
rm -rf "$SCRATCH/a"

# --- the source
mkdir "$SCRATCH/out"
for tarball in "$dist"/*.tar.gz; do
    tar -C "$SCRATCH/out" -xzf "$tarball"
    is "$(tar --numeric-owner -tvzf "$tarball" | awk '{ print $2, substr($1, 1, 1) }' | sort -u | grep -vxE '0/0 [-d]' || true)" "" \
        "${tarball##*/}: files and directories, all root's"
done
run diff -r --exclude=build --exclude=.git "$TOP" "$SCRATCH/out/$name"
is "$OUT" "" "the source tarball is the tree"

# --- the binaries
listing=$(cd "$SCRATCH/out/$name-linux-amd64" && find . -type f -printf '%m %P\n' | sort -k 2)
is "$(grep -v ' share/doc/' <<<"$listing")" "755 bin/pgseal
755 bin/pgseal-run
644 lib/libpgseal.so
644 share/bash-completion/completions/pgseal
644 share/bash-completion/completions/pgseal-run
644 share/man/man1/pgseal-run.1
644 share/man/man1/pgseal.1
644 share/man/man5/pgseal-policy.5
644 share/man/man7/libpgseal.7" "object, launcher, tool, completions and man pages"
is "$(cd "$SCRATCH/out/$name-linux-arm64" && find . -type f -printf '%m %P\n' | sort -k 2)" "$listing" "for arm64 the same"
declare -A needed=() machine=([amd64]='Advanced Micro Devices X86-64' [arm64]=AArch64)
for arch in amd64 arm64; do
    tree=$SCRATCH/out/$name-linux-$arch
    for file in bin/pgseal bin/pgseal-run lib/libpgseal.so; do
        is "$(readelf -h "$tree/$file" | sed -n 's/^ *Machine: *//p')" "${machine[$arch]}" "$arch: $file is for that machine"
        nok "$arch: $file does not say where it was built" grep -qF -e "$TOP" -e "$SCRATCH" "$tree/$file"
    done
    is "$(readelf -V "$tree/lib/libpgseal.so" | grep -oE 'GLIBC_[0-9.]+' | sort -uV | tail -n 1)" GLIBC_2.17 \
        "$arch: the object runs on glibc 2.17"
    is "$(readelf -d "$tree/lib/libpgseal.so" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p')" libc.so.6 "$arch: and needs nothing else"
    needed[$arch]=$(readelf -d "$tree/bin/pgseal" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | sed '/^ld-linux/d' | sort)
    is "$(readelf -d "$tree/bin/pgseal-run" | grep -c NEEDED)" 0 "$arch: the launcher needs nothing"
done
is "${needed[arm64]}" "${needed[amd64]}" "the tool needs the same libraries on both"
run "$SCRATCH/out/$name-linux-amd64/bin/pgseal-run" --root program env
has "$OUT" "LD_PRELOAD=$SCRATCH/out/$name-linux-amd64/lib/libpgseal.so" "the launcher finds the object where it was unpacked"
on_arm64() { qemu-aarch64-static -L "$TOP/build/roots/arm64" "$@"; }
for program in pgseal pgseal-run; do
    run "$SCRATCH/out/$name-linux-amd64/bin/$program" --version
    native="$RC $OUT"
    has "$native" "$version" "$program runs"
    run on_arm64 "$SCRATCH/out/$name-linux-arm64/bin/$program" --version
    is "$RC $OUT" "$native" "and so does that for arm64"
done

# --- the SBOM
sbom=$dist/$name.spdx.json
is "$(jq -r -f "$TOP/tests/docker/spdx.jq" "$sbom")" "" "the SBOM is a sound SPDX 2.3 document"
is "$(jq -r '[.packages[] | select(.packageFileName) | .checksums[] as $sum | "\($sum.checksumValue)  \(.packageFileName)"] | sort[]' "$sbom")" \
    "$(grep -v spdx "$dist/SHA256SUMS" | sort)" "it has the tarballs with their checksums"
for arch in amd64 arm64; do
    is "$(jq -r --arg arch "$arch" '[.files[] | select(.SPDXID | startswith("SPDXRef-File-" + $arch))
        | (.checksums[] | select(.algorithm == "SHA256").checksumValue) + "  " + .fileName] | sort[]' "$sbom")" \
        "$(cd "$SCRATCH/out/$name-linux-$arch" && find . -type f -exec sha256sum {} + | sort)" "$arch: every file with its checksum"
    is "$(jq -r --arg arch "$arch" '. as $d | [.relationships[]
        | select(.spdxElementId == "SPDXRef-File-" + $arch + "-bin-pgseal" and .relationshipType == "DYNAMIC_LINK").relatedSpdxElement as $id
        | $d.packages[] | select(.SPDXID == $id).name] | sort | join(" ")' "$sbom")" \
        "$(sed -e 's/\.so\.//' -e 's/^libssl.*\|^libcrypto.*/libssl3/' -e s/^libz1/zlib1g/ <<<"${needed[$arch]}" | sort -u | xargs)" \
        "$arch: what the tool is linked to"
    is "$(jq -r --arg arch "$arch" '. as $d | [.relationships[]
        | select(.spdxElementId == "SPDXRef-File-" + $arch + "-bin-pgseal-run" and .relationshipType == "STATIC_LINK").relatedSpdxElement as $id
        | $d.packages[] | select(.SPDXID == $id).name | select(startswith("libc6"))] | join(" ")' "$sbom")" libc6-dev \
        "$arch: the C library inside the launcher"
done
done_testing
