import type { Response } from '../../codec/remoting/remoting-command.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import type { Consensus, ConsensusError } from '../../raft/consensus.ts'
import type { Command } from '../state/command.ts'
import { decodeCommand, encodeCommand } from '../state/command-codec.ts'
import type { Decision } from '../state/decision.ts'

/** Answers requests that need the agreement of the controllers: commands, and reads of what was agreed on. */
export class Agreement {
  readonly #consensus: Consensus

  constructor(consensus: Consensus) {
    this.#consensus = consensus
  }

  /** Proposes a command and answers with what `answer` makes of its outcome. */
  decide(command: Command, answer: (decision: Decision) => Response): Promise<Response> {
    const bytes = encodeCommand(command)
    // What cannot be read back must not get into the log: it would stop every controller.
    decodeCommand(bytes)
    return this.#settle((done) =>
      this.#consensus.propose(bytes, (error, result) => done(error, () => answer(result as Decision))),
    )
  }

  /** Answers from the state once it holds everything agreed on before now. */
  read(answer: () => Response): Promise<Response> {
    return this.#settle((done) => this.#consensus.read((error) => done(error, answer)))
  }

  /** The answer to a request that only the leader may answer, when this controller does not lead. */
  refusal(error: ConsensusError): Response {
    switch (error.code) {
      case 'BUSY':
        return { code: ResponseCode.SYSTEM_BUSY, remark: error.message }
      case 'TOO_LARGE':
      case 'REJECTED':
        return { code: ResponseCode.CONTROLLER_INVALID_REQUEST, remark: error.message }
      // Brokers then look for the leader; what may have been agreed on after all is decided the same when it is asked for again.
      case 'LEADERSHIP_LOST':
      case 'NOT_LEADER':
      case 'STOPPED':
        return this.#notLeader()
    }
  }

  /** Official clients find the leader by GET_METADATA_INFO; the field spares others the question. */
  #notLeader(): Response {
    const { leaderId, peers } = this.#consensus
    const controllerLeaderAddress = peers.find((peer) => peer.id === leaderId)?.address
    return {
      code: ResponseCode.CONTROLLER_NOT_LEADER,
      remark: 'The controller is not in leader state',
      fields: { controllerLeaderAddress },
    }
  }

  #settle(start: (done: (error: ConsensusError | null, answer: () => Response) => void) => void): Promise<Response> {
    return new Promise((resolve, reject) => {
      start((error, answer) => {
        try {
          resolve(error ? this.refusal(error) : answer())
        } catch (failure) {
          reject(failure)
        }
      })
    })
  }
}
