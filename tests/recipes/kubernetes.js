// kubernetes.js: holds manifests against the API's own schemas, and applies the two policies to a pod. NODE_PATH: see modules.
//
//   kubernetes.js validate FILE…                      every document of each file; prints what is wrong, exit 1 then
//   kubernetes.js kyverno POLICY POD [NAMESPACE]      the pod as Kyverno's rules leave it, as JSON. NAMESPACE: labels as JSON
//   kubernetes.js admission POLICY POD [NAMESPACE]    as the MutatingAdmissionPolicy's expressions leave it
//
// Of Kyverno it knows what our policy uses: rules in order, match and exclude by labels, foreach, {{ variables }} of that
// one form, and a strategic merge that puts new elements of a list first, as Kyverno's does. The expressions are evaluated
// by a real CEL; it has no Object types, so that Object.spec{name: 1} becomes the map {"name": 1}.
const fs = require('fs');
const yaml = require('yaml');

const read = (file) => yaml.parseAllDocuments(fs.readFileSync(file, 'utf8')).map((document) => {
    if (document.errors.length) throw new Error(`${file}: ${document.errors[0].message}`);
    return document.toJS();
});

async function fault(file, manifest) {
    const { apiVersion, kind } = manifest;
    const models = apiVersion.includes('kyverno.io') ? '@kubernetes-models/kyverno' : 'kubernetes-models';
    try {
        const { [kind]: Model } = await import(`${process.env.NODE_PATH}/${models}/${apiVersion}/${kind}.js`);
        new Model(manifest).validate();
        return [];
    } catch (error) {
        return [`${file}: ${kind}: ${error.message}`];
    }
}

async function validate(files) {
    const manifests = files.flatMap((file) => read(file).map((manifest) => fault(file, manifest)));
    const found = (await Promise.all(manifests)).flat();
    console.log(found.join('\n'));
    process.exitCode = found.length ? 1 : 0;
}

// --- merging, as the API server and Kyverno do: lists of a pod have a key

const KEYS = { volumeMounts: 'mountPath' };
for (const name of ['containers', 'initContainers', 'volumes', 'env']) KEYS[name] = 'name';

function merge(base, patch, first, key) {
    if (Array.isArray(patch) && KEYS[key]) {
        const id = KEYS[key];
        const found = (element) => patch.find((other) => other[id] === element[id]);
        const merged = (base || []).map((element) => (found(element) ? merge(element, found(element), first) : element));
        const added = patch.filter((element) => !(base || []).some((other) => other[id] === element[id]));
        return first ? [...added, ...merged] : [...merged, ...added];
    }
    if (patch && typeof patch === 'object' && !Array.isArray(patch)) {
        const out = { ...base };
        for (const [name, value] of Object.entries(patch)) out[name] = merge(out[name], value, first, name);
        return out;
    }
    return patch;
}

// --- Kyverno

const labelled = (labels, selector) => Object.entries(selector.matchLabels).every(([k, v]) => (labels || {})[k] === v);
const some = (filter, pod, namespace) => filter.any.some(({ resources }) =>
    (!resources.selector || labelled(pod.metadata.labels, resources.selector)) &&
    (!resources.namespaceSelector || labelled(namespace, resources.namespaceSelector)));

function substitute(patch, element) {
    const preload = (element.env || []).filter((e) => e.name === 'LD_PRELOAD').map((e) => e.value)[0] || '';
    const text = JSON.stringify(patch)
        .replaceAll('{{ element.name }}', element.name)
        .replaceAll("{{ element.env[?name=='LD_PRELOAD'].value | [0] || '' }}", preload)
        .replaceAll('"(name)"', '"name"');
    if (text.includes('{{')) throw new Error(`a variable that is not known here: ${text}`);
    return JSON.parse(text);
}

function kyverno(policy, pod, namespace) {
    for (const { match, exclude, mutate } of policy.spec.rules) {
        if (!some(match, pod, namespace) || some(exclude, pod, namespace)) continue;
        if (mutate.patchStrategicMerge) pod = merge(pod, mutate.patchStrategicMerge, true);
        for (const { list, patchStrategicMerge } of mutate.foreach || []) {
            const path = /^request\.object\.spec\.(\w+)( \|\| `\[\]`)?$/.exec(list);
            for (const element of pod.spec[path[1]] || []) pod = merge(pod, substitute(patchStrategicMerge, element), true);
        }
    }
    return pod;
}

// --- MutatingAdmissionPolicy

const toCel = (value) => {
    if (Array.isArray(value)) return value.map(toCel);
    if (value && typeof value === 'object') return new Map(Object.entries(value).map(([k, v]) => [k, toCel(v)]));
    return value;
};
const fromCel = (value) => {
    if (typeof value === 'bigint') return Number(value);
    if (value && typeof value === 'object' && typeof value.entries === 'function' && typeof value.get === 'function' &&
        !Array.isArray(value) && !('push' in value)) {
        const entries = [...value.entries()];
        return 'keys' in value && entries.every(([k]) => typeof k === 'string')
            ? Object.fromEntries(entries.map(([k, v]) => [k, fromCel(v)])) : entries.map(([, v]) => fromCel(v));
    }
    return value && typeof value === 'object' ? [...value].map(fromCel) : value;
};

function evaluate(expression, bindings) {
    const { run } = require('@bufbuild/cel');
    const plain = expression.replace(/\b(Object|JSONPatch)[\w.]*\{/g, '{').replace(/([{,]\s*)(\w+):/g, '$1"$2":');
    const value = run(plain, Object.fromEntries(Object.entries(bindings).map(([k, v]) => [k, toCel(v)])));
    if (value instanceof Error || (value && value.constructor.name === 'CelError')) throw value;
    return fromCel(value);
}

function admission(policy, pod, namespace) {
    const namespaceObject = { metadata: { labels: namespace } };
    const holds = policy.spec.matchConditions.every(({ expression }) => evaluate(expression, { object: pod, namespaceObject }));
    if (!holds) return pod;
    for (const { applyConfiguration, jsonPatch } of policy.spec.mutations) {
        if (applyConfiguration) pod = merge(pod, evaluate(applyConfiguration.expression, { object: pod }), false);
        for (const { op, path, value } of jsonPatch ? evaluate(jsonPatch.expression, { object: pod }) : []) {
            const steps = path.split('/').slice(1);
            const last = steps.pop();
            const parent = steps.reduce((node, step) => node[step], pod);
            if (op !== 'add') throw new Error(`not known here: ${op}`);
            if (Array.isArray(parent)) parent.splice(Number(last), 0, value);
            else parent[last] = value;
        }
    }
    return pod;
}

const [what, ...files] = process.argv.slice(2);
if (what === 'validate') {
    validate(files);
} else {
    const [[policy], [pod]] = files.slice(0, 2).map(read);
    const mutated = { kyverno, admission }[what](policy, pod, JSON.parse(files[2] || '{}'));
    console.log(JSON.stringify(mutated, null, 1));
}
