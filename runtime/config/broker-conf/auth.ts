import { accepted, flag, implemented, int, optionalPath, optionalText, SECONDS, SECRET } from '../conf-key.ts'

/** Of everything that asks brokers. */
export const innerCredentialsKeys = implemented({
  innerClientAuthenticationCredentials: optionalText(
    'In whose name this server asks brokers: {"accessKey":"...","secretKey":"..."}. The same for all servers; a broker that checks makes it a super user at its start if there is none of this name.',
    SECRET,
  ),
})

export const auth = {
  title: 'Access control',
  about: 'Who may connect and do what: [acl.md](../acl.md).',
  printedIfSet: true,
  keys: {
    ...innerCredentialsKeys,
    ...implemented({
      authenticationEnabled: flag(false, 'Check by the signature of every request who a client is.'),
      authenticationProvider: optionalText("Left out or Apache RocketMQ's DefaultAuthenticationProvider."),
      authenticationMetadataProvider: optionalText(
        "Left out or Apache RocketMQ's LocalAuthenticationMetadataProvider.",
      ),
      authenticationStrategy: optionalText(
        'StatelessAuthenticationStrategy (as if left out): every request is checked; StatefulAuthenticationStrategy: once for a connection in statefulAuthenticationCacheExpiredSecond. With the package name, as in Apache RocketMQ.',
      ),
      authenticationWhitelist: optionalText('Request codes that need no check, with commas between them.'),
      initAuthenticationUser: optionalText(
        'First super user, made at the start if there is none of this name: {"username":"...","password":"..."}.',
        SECRET,
      ),
      authorizationEnabled: flag(false, 'Check what a user may do; needs authenticationEnabled.'),
      authorizationProvider: optionalText("Left out or Apache RocketMQ's DefaultAuthorizationProvider."),
      authorizationMetadataProvider: optionalText("Left out or Apache RocketMQ's LocalAuthorizationMetadataProvider."),
      authorizationStrategy: optionalText(
        'Left out, StatelessAuthorizationStrategy or StatefulAuthorizationStrategy, with the package name: the same here, a change of policies counts at once.',
      ),
      authorizationWhitelist: optionalText('Request codes that every user may ask for, with commas between them.'),
      migrateAuthFromV1Enabled: flag(
        false,
        'Take users over from $ROCKETMQ_HOME/conf/plain_acl.yml and the files in conf/acl (ACL 1.0) that are not known yet.',
      ),
      statefulAuthenticationCacheExpiredSecond: int(60, 'How long a checked connection is believed.', {
        ...SECONDS,
        min: 1,
      }),
      authConfigPath: optionalPath(
        'Folder above auth/users.json and auth/acls.json; left out: storePathRootDir/config.',
      ),
    }),
    ...accepted({
      userCacheMaxNum: int(1000, 'Users in memory: all are.'),
      userCacheExpiredSecond: int(600, 'How long one stays there.', SECONDS),
      userCacheRefreshSecond: int(60, 'How often it is renewed.', SECONDS),
      aclCacheMaxNum: int(1000, 'Policies in memory: all are.'),
      aclCacheExpiredSecond: int(600, 'How long one stays there.', SECONDS),
      aclCacheRefreshSecond: int(60, 'How often it is renewed.', SECONDS),
      statefulAuthenticationCacheMaxNum: int(10_000, 'Checked connections in memory: one entry for each that is open.'),
      statefulAuthorizationCacheMaxNum: int(10_000, 'Checked permissions in memory: up to 256 for each connection.'),
      statefulAuthorizationCacheExpiredSecond: int(60, 'How long one stays there: until a policy changes.', SECONDS),
      configName: optionalText('Name of the store of users; the broker sets it to brokerName.'),
      clusterName: optionalText('Name of the cluster; the broker sets it to brokerClusterName.'),
    }),
  },
}
