import re


def parameter(region, name):
    domain = 'amazonaws.com.cn' if region.startswith('cn-') else 'amazonaws.com'
    headers = {'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'AmazonSSM.GetParameter'}
    body = json.dumps({'Name': name, 'WithDecryption': True}).encode()
    with urllib.request.urlopen(signed('ssm', region, 'ssm.%s.%s' % (region, domain), '/', body, headers), timeout=10) as answer:
        return json.load(answer)['Parameter']['Value']


def text_of(path):
    if not os.path.exists(path):
        return None
    with open(path, encoding='latin-1') as file:
        return file.read()


def write_private(path, text):
    """For the eyes of this user only, whole or not at all. Returns whether it has changed."""
    if text_of(path) == text:
        return False
    os.makedirs(os.path.dirname(path), 0o700, exist_ok=True)
    with open(os.open(path + '.new', os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), 'wb') as file:
        file.write(text.encode('latin-1'))
    os.replace(path + '.new', path)
    return True


def write_files(region, folder, name):
    """The files of a node, by which it is known and knows others: {"files": {name: text}, "words": {word: secret}}."""
    given = json.loads(parameter(region, name))
    changed = [file for file, text in given['files'].items() if write_private(os.path.join(folder, 'tls', file), text)]
    if changed:
        print('gantry: new ' + ', '.join(changed), flush=True)
    return given['words']


def filled(region, text, words):
    for word, secret in words.items():
        text = text.replace(json.dumps(word), json.dumps(secret)).replace(word, secret)
    # In a .properties file "key=ssm:/name", in JSON "key": "ssm:/name".
    def properties_value(found):
        value = parameter(region, found.group(1)).replace('\\', '\\\\').replace('\n', '\\n')
        return '=' + ''.join(each if ' ' <= each <= '~' else '\\u%04x' % ord(each) for each in value)
    text = re.sub(r'(?m)=ssm:(/[A-Za-z0-9._/-]+)$', properties_value, text)
    return re.sub(r'"ssm:(/[A-Za-z0-9._/-]+)"', lambda found: json.dumps(parameter(region, found.group(1))), text)


def make_conf(region, template, file, name=None):
    words = write_files(region, os.path.dirname(file), name) if name else {}
    text = filled(region, text_of(template), words)
    made = hashlib.sha256(text.encode('latin-1')).hexdigest()
    # Made of the same again it stays, and with it settings that were changed while the node ran.
    if text_of(file + '.made') != made or not os.path.exists(file):
        write_private(file, text)
        write_private(file + '.made', made)


def at_start(region, template, file, name=None):
    """At every start. Without an answer a node that has run since the machine was booted goes on with what it had."""
    if not os.path.exists(file):
        return persistently(lambda: make_conf(region, template, file, name))
    try:
        return persistently(lambda: make_conf(region, template, file, name), 3)
    except SystemExit:
        print('gantry: the node starts with the secrets it had', file=sys.stderr)


# fetch-secrets conf REGION TEMPLATE FILE [NAME]: makes a node's conf file. What its parameter NAME has goes into the places of
#   words and into files beside FILE; values "ssm:/name" are those of further parameters.
# fetch-secrets files REGION FOLDER NAME: writes the files of the parameter NAME again if they have changed.
if __name__ == '__main__':
    act, words = sys.argv[1], sys.argv[2:]
    if act == 'conf':
        at_start(*words)
    else:
        persistently(lambda: write_files(*words))
