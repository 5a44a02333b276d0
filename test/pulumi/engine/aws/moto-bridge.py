"""AWS as moto plays it, in this process: a line of JSON with service, call and args in, a line with answer or error out."""
import json
import sys

import boto3
from moto import mock_aws

mock_aws(config={'iam': {'load_aws_managed_policies': True}}).start()
clients = {}

for line in sys.stdin:
    asked = json.loads(line)
    try:
        service = asked['service']
        if service not in clients:
            clients[service] = boto3.client(service, region_name='eu-central-1')
        answer = getattr(clients[service], asked['call'])(**asked['args'])
        answer.pop('ResponseMetadata', None)
        said = {'answer': answer}
    except Exception as error:
        said = {'error': '%s.%s: %s' % (asked['service'], asked['call'], error)}
    print(json.dumps(said, default=str), flush=True)
