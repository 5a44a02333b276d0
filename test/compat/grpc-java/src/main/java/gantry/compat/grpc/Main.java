package gantry.compat.grpc;

import java.time.Duration;
import org.apache.rocketmq.client.apis.ClientConfiguration;
import org.apache.rocketmq.client.apis.ClientConfigurationBuilder;
import org.apache.rocketmq.client.apis.StaticSessionCredentialsProvider;

/** Main ENDPOINTS TLS SCENARIO...: runs scenarios against a proxy, and prints a JSON line for each. In whose name: -DaccessKey, -DsecretKey. */
public final class Main {
    public static void main(String[] args) throws Exception {
        ClientConfigurationBuilder builder = ClientConfiguration.newBuilder().setEndpoints(args[0])
            .enableSsl(Boolean.parseBoolean(args[1])).setRequestTimeout(Duration.ofSeconds(10));
        String accessKey = System.getProperty("accessKey");
        if (accessKey != null) builder.setCredentialProvider(new StaticSessionCredentialsProvider(accessKey, System.getProperty("secretKey")));
        ClientConfiguration configuration = builder.build();
        Scenarios scenarios = new Scenarios(configuration);
        LiteScenarios lites = new LiteScenarios(configuration);
        for (int i = 2; i < args.length; i++) {
            Outcome outcome = new Outcome();
            long start = System.nanoTime();
            try {
                if (args[i].startsWith("lite-")) lites.run(args[i], outcome);
                else scenarios.run(args[i], outcome);
            } catch (Throwable e) {
                outcome.faults.add(e.toString());
                e.printStackTrace();
            }
            System.out.println(outcome.json(args[i], (System.nanoTime() - start) / 1_000_000));
        }
        // The client keeps threads of its own.
        Runtime.getRuntime().halt(0);
    }
}
