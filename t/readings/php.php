<?php
// What PHP and its frameworks find in one request: see php.

$param = 'type';
$found = [];

function leaves($value) {
    if ($value === null) {
        return [];
    }
    if (is_array($value) || is_object($value)) {
        return array_merge([], ...array_map('leaves', array_values((array) $value)));
    }
    return [is_bool($value) ? ($value ? 'true' : 'false') : (string) $value];
}

function member($value, $param) {
    return is_array($value) ? leaves($value[$param] ?? null) : [];
}

$raw = file_get_contents('php://input');
$found['PHP'] = array_merge(leaves($_GET[$param] ?? null), leaves($_POST[$param] ?? null));
$found['PHP json_decode'] = member(json_decode($raw, true), $param);

if (@include_once 'Symfony/Component/HttpFoundation/autoload.php') {
    $request = Symfony\Component\HttpFoundation\Request::createFromGlobals();
    $all = $request->query->all() + [];
    $body = $request->request->all();
    $found['Symfony'] = array_merge(leaves($all[$param] ?? null), leaves($body[$param] ?? null));
    try {
        $found['Symfony toArray'] = member($request->toArray(), $param);
    } catch (Throwable $e) {
        $found['Symfony toArray'] = [];
    }
    // Illuminate\Http\Request: isJson(), and what its input is then
    $type = (string) $request->headers->get('CONTENT_TYPE');
    $json = strpos($type, '/json') !== false || strpos($type, '+json') !== false;
    $found["Laravel's rule"] = $json ? member(json_decode($raw, true), $param) : leaves($body[$param] ?? null);
    // the same for PUT, PATCH and DELETE
    if ($raw !== '' && strncmp($type, 'application/x-www-form-urlencoded', 33) === 0) {
        parse_str($raw, $put);
        $found['Symfony, PUT'] = leaves($put[$param] ?? null);
    }
}

header('Content-Type: application/json');
echo json_encode(array_map(fn ($v) => array_map('base64_encode', $v), $found));
