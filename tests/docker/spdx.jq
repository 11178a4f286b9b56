# spdx.jq: what is wrong with the structure of an SPDX 2.3 document, one finding a line; nothing where it is sound.
def wrong(condition; text): if condition then empty else text end;
def set: map({(.): true}) | add // {};
. as $document
| ([$document.SPDXID] + [(.packages + .files)[].SPDXID]) as $ids | ($ids | set) as $known
| wrong(.spdxVersion == "SPDX-2.3" and .dataLicense == "CC0-1.0" and .SPDXID == "SPDXRef-DOCUMENT"; "not an SPDX 2.3 document"),
  wrong(.documentNamespace | test("^https://[^#]+$"); "documentNamespace: \(.documentNamespace)"),
  wrong(.creationInfo.created | test("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$"); "created: \(.creationInfo.created)"),
  wrong(.creationInfo.creators | length > 0 and all(test("^(Tool|Person|Organization): .")); "creators: \(.creationInfo.creators)"),
  wrong($ids | length == (unique | length); "an identifier is used twice"),
  ($ids[] | wrong(test("^SPDXRef-[A-Za-z0-9.-]+$"); "identifier: \(.)")),
  (.packages[] | . as $package
      | wrong([.name, .versionInfo, .downloadLocation] | all(type == "string" and . != ""); "\(.SPDXID): name, version or location is missing"),
        wrong(.filesAnalyzed == has("packageVerificationCode"); "\(.SPDXID): packageVerificationCode"),
        (.externalRefs // [] | .[] | wrong(.referenceLocator | test("^pkg:deb/debian/[a-z0-9.+-]+@[^ ?]+[?]arch="); "\($package.SPDXID): \(.referenceLocator)"))),
  (.files[] | wrong(.fileName | startswith("./"); "\(.SPDXID): fileName"),
      wrong([.checksums[].algorithm] | index("SHA1") and index("SHA256"); "\(.SPDXID): checksums")),
  ((.packages + .files)[] | .checksums // [] | .[]
      | wrong(.checksumValue | test("^([0-9a-f]{40}|[0-9a-f]{64})$"); "checksum: \(.checksumValue)")),
  (.relationships[] | wrong($known[.spdxElementId] and $known[.relatedSpdxElement]; "relationship: \(.)"),
      wrong(.relationshipType | IN("DESCRIBES", "CONTAINS", "GENERATED_FROM", "BUILD_TOOL_OF", "DYNAMIC_LINK", "STATIC_LINK");
          "relationship: \(.relationshipType)")),
  wrong([.relationships[] | select(.relationshipType == "DESCRIBES")] | length > 0; "it describes nothing")
