/** An artifact cannot be built or used; the message says why and what to do. */
export class ArtifactError extends Error {
  override readonly name = 'ArtifactError'
  readonly code = 'ARTIFACT_INVALID'
}
