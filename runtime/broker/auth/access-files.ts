import { AccessError } from '../../auth/access-error.ts'
import type { AccessTables } from '../../auth/access-tables.ts'
import { aclToJson, readAcl } from '../../auth/policy.ts'
import { newUser, readUserChange, userToJson } from '../../auth/user.ts'
import { asObject, JsonFieldError, listField } from '../../codec/json/json-fields.ts'
import type { JsonValue } from '../../codec/json/json-value.ts'
import { formatJson } from '../../codec/json/write-json.ts'
import type { Disk } from '../../io/disk.ts'
import type { Logger } from '../../observe/logger.ts'
import { Persisted } from '../metadata/persisted.ts'
import { StateFile } from '../metadata/state-file.ts'

/**
 * `auth/users.json` and `auth/acls.json` in the config folder: `{"users": [...]}` and `{"acls": [...]}`, the objects of the admin protocol.
 * Passwords stand there as they are, since a signature is checked with them: nobody but the owner may read the files.
 */
export class AccessFiles {
  readonly users: Persisted
  readonly acls: Persisted

  /** Reads what is there into the tables. @throws DamagedStateError */
  constructor(tables: AccessTables, folder: string, disk: Disk, logger: Logger) {
    const usersFile = new StateFile(disk, `${folder}/users.json`, logger, true)
    const aclsFile = new StateFile(disk, `${folder}/acls.json`, logger, true)
    usersFile.load((content) => tables.replaceUsers(readAll(content, 'users', (item) => newUser(readUserChange(item)))))
    aclsFile.load((content) => tables.replaceAcls(readAll(content, 'acls', (item) => readAcl(item))))
    this.users = new Persisted(usersFile, () => formatJson({ users: tables.users().map(userToJson) }), logger)
    this.acls = new Persisted(aclsFile, () => formatJson({ acls: tables.acls().map(aclToJson) }), logger)
    tables.onChanged((what) => this[what].markChanged())
  }

  get all(): readonly Persisted[] {
    return [this.users, this.acls]
  }
}

/** What cannot be understood counts as damage: a broker without its users lets nobody in, or too many. */
function readAll<T>(content: JsonValue, field: string, read: (item: JsonValue) => T): T[] {
  try {
    return (listField(asObject(content, field), field) ?? []).map(read)
  } catch (error) {
    if (error instanceof AccessError) throw new JsonFieldError(error.message)
    throw error
  }
}
