const credentials = {
  admin: { accessKey: 'gantry-admin', secretKey: 'admin-secret' },
  servers: { accessKey: 'gantry-servers', secretKey: 'servers-secret' },
}

/** What the resource of a cluster's secrets has made, in short words. */
export const madeSecrets = {
  authorities: [{ generation: 1, key: 'authority-key', cert: 'authority-cert' }],
  trusted: 'authority-cert',
  credentials,
  toolAccess: { credentials: credentials.admin },
}
