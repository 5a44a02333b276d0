package gantry.compat;

/** One behaviour of the official client, checked end to end. Throws, or records faults in the run's tally, when it does not hold. */
interface Scenario {
    void run(Run run) throws Exception;
}
