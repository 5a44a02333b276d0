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


# fetch-object REGION BUCKET KEY SHA256 FILE: keeps an object only if its bytes are the right ones.
if __name__ == '__main__':
    persistently(lambda: fetch(*sys.argv[1:]))
