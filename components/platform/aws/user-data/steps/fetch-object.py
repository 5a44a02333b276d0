#!/usr/bin/python3
"""Gets files and secrets of AWS with the credentials of the instance's role, by what every image with cloud-init has.

fetch-object object REGION BUCKET KEY SHA256 FILE   fetches an object and keeps it only if its bytes are the right ones
fetch-object secrets REGION FILE                    puts parameters in the place of "ssm:/name" values of a conf file
"""
import datetime
import hashlib
import hmac
import json
import os
import re
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

METADATA = 'http://169.254.169.254/latest/'
EMPTY_SHA256 = hashlib.sha256(b'').hexdigest()
ATTEMPTS = 12


def metadata(path, method='GET', headers=None):
    request = urllib.request.Request(METADATA + path, method=method, headers=headers or {})
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=5) as answer:
        return answer.read().decode()


def credentials():
    token = metadata('api/token', 'PUT', {'X-aws-ec2-metadata-token-ttl-seconds': '300'})
    headers = {'X-aws-ec2-metadata-token': token}
    role = metadata('meta-data/iam/security-credentials/', headers=headers).split()[0]
    return json.loads(metadata('meta-data/iam/security-credentials/' + role, headers=headers))


def signed(service, region, host, path, body=None, headers=None):
    """A request with an AWS Signature Version 4."""
    known = credentials()
    now = datetime.datetime.now(datetime.timezone.utc).strftime('%Y%m%dT%H%M%SZ')
    body_sha256 = EMPTY_SHA256 if body is None else hashlib.sha256(body).hexdigest()
    method = 'GET' if body is None else 'POST'
    sent = {'host': host, 'x-amz-content-sha256': body_sha256, 'x-amz-date': now, 'x-amz-security-token': known['Token']}
    sent.update(headers or {})
    names = ';'.join(sorted(sent))
    lines = ''.join('%s:%s\n' % (name, sent[name]) for name in sorted(sent))
    canonical = '\n'.join([method, path, '', lines, names, body_sha256])
    scope = '/'.join([now[:8], region, service, 'aws4_request'])
    text = '\n'.join(['AWS4-HMAC-SHA256', now, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = ('AWS4' + known['SecretAccessKey']).encode()
    for part in scope.split('/'):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    sent['authorization'] = 'AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=%s, Signature=%s' % (
        known['AccessKeyId'], scope, names, signature)
    return urllib.request.Request('https://' + host + path, data=body, method=method, headers=sent)


def fetch(region, bucket, key, sha256, target):
    domain = 'amazonaws.com.cn' if region.startswith('cn-') else 'amazonaws.com'
    host = '%s.s3.%s.%s' % (bucket, region, domain)
    path = '/' + urllib.parse.quote(key)
    digest = hashlib.sha256()
    with urllib.request.urlopen(signed('s3', region, host, path), timeout=60) as answer:
        with open(target + '.part', 'wb') as file:
            for chunk in iter(lambda: answer.read(1 << 20), b''):
                digest.update(chunk)
                file.write(chunk)
    if digest.hexdigest() != sha256:
        os.remove(target + '.part')
        sys.exit('fetch-object: s3://%s/%s has sha256 %s instead of %s' % (bucket, key, digest.hexdigest(), sha256))
    os.replace(target + '.part', target)


def parameter(region, name):
    domain = 'amazonaws.com.cn' if region.startswith('cn-') else 'amazonaws.com'
    headers = {'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'AmazonSSM.GetParameter'}
    body = json.dumps({'Name': name, 'WithDecryption': True}).encode()
    with urllib.request.urlopen(signed('ssm', region, 'ssm.%s.%s' % (region, domain), '/', body, headers), timeout=60) as answer:
        return json.load(answer)['Parameter']['Value']


def fill_secrets(region, file):
    with open(file, encoding='latin-1') as conf:
        text = conf.read()
    # In a .properties file "key=ssm:/name", in JSON "key": "ssm:/name".
    def properties_value(found):
        value = parameter(region, found.group(1)).replace('\\', '\\\\').replace('\n', '\\n')
        return '=' + ''.join(each if ' ' <= each <= '~' else '\\u%04x' % ord(each) for each in value)
    text = re.sub(r'(?m)=ssm:(/[A-Za-z0-9._/-]+)$', properties_value, text)
    text = re.sub(r'"ssm:(/[A-Za-z0-9._/-]+)"', lambda found: json.dumps(parameter(region, found.group(1))), text)
    with open(file, 'w', encoding='latin-1') as conf:
        conf.write(text)


def persistently(action):
    """A role takes seconds to be known everywhere, an endpoint may be slow: try for some minutes, then say why not."""
    for attempt in range(ATTEMPTS):
        try:
            return action()
        except (OSError, ValueError) as error:
            reason = '%s %s' % (error, error.read(500).decode('utf-8', 'replace') if isinstance(error, urllib.error.HTTPError) else '')
            print('fetch-object: attempt %d of %d: %s' % (attempt + 1, ATTEMPTS, reason), file=sys.stderr)
            if attempt + 1 < ATTEMPTS:
                time.sleep(min(2 ** attempt, 30))
    sys.exit('fetch-object: gave up')


if __name__ == '__main__':
    act = {'object': fetch, 'secrets': fill_secrets}[sys.argv[1]]
    persistently(lambda: act(*sys.argv[2:]))
