package gantry.compat;

import com.alibaba.fastjson2.JSON;
import com.alibaba.fastjson2.JSONObject;
import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.reflect.Field;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.apache.rocketmq.tools.command.MQAdminStartup;

/**
 * Runs scenarios and official mqadmin commands in one JVM.
 * {@code Main SCENARIO name=value...} runs one scenario and exits 0 if it holds; {@code Main serve} reads a JSON line per request:
 * {"id":1,"op":"run","scenario":"send-sync","args":{..}}, {"id":2,"op":"mqadmin","args":["clusterList","-n",..]},
 * {"op":"signal","run":1,"name":".."} and answers with JSON lines that carry the id. End of input ends the process.
 */
public final class Main {
    private static final PrintStream OUT = new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);
    private static final Map<Integer, Run> RUNS = new ConcurrentHashMap<>();
    private static final int ADMIN_OUTPUT_MAX = 1 << 20;

    private Main() {
    }

    public static void main(String[] args) throws Exception {
        if (args.length == 0) {
            System.err.println("usage: Main serve | Main SCENARIO name=value...   scenarios: " + Scenarios.names());
            System.exit(2);
        }
        if (args[0].equals("serve")) {
            serve();
            System.exit(0);
        }
        Map<String, String> values = new HashMap<>();
        for (int i = 1; i < args.length; i++) {
            int equals = args[i].indexOf('=');
            values.put(args[i].substring(0, equals), args[i].substring(equals + 1));
        }
        System.exit(runScenario(0, args[0], values) ? 0 : 1);
    }

    private static void serve() throws Exception {
        ExecutorService scenarios = Executors.newCachedThreadPool();
        ExecutorService admin = Executors.newSingleThreadExecutor();
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            JSONObject request = JSON.parseObject(line);
            int id = request.getIntValue("id");
            switch (request.getString("op")) {
                case "run" -> {
                    Map<String, String> values = new HashMap<>();
                    request.getJSONObject("args").forEach((name, value) -> values.put(name, String.valueOf(value)));
                    scenarios.execute(() -> runScenario(id, request.getString("scenario"), values));
                }
                case "mqadmin" -> admin.execute(() -> runAdmin(id, request.getJSONArray("args").toArray(String.class)));
                case "signal" -> {
                    Run run = RUNS.get(request.getIntValue("run"));
                    if (run != null) {
                        run.signal(request.getString("name"));
                    }
                }
                default -> answer(id, Map.of("error", "unknown op " + request.getString("op")));
            }
        }
    }

    private static void answer(int id, Map<String, ?> fields) {
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("id", id);
        line.putAll(fields);
        synchronized (OUT) {
            OUT.println(JSON.toJSONString(line));
        }
    }

    private static boolean runScenario(int id, String name, Map<String, String> args) {
        long started = System.currentTimeMillis();
        Run run = new Run(args, event -> answer(id, event));
        RUNS.put(id, run);
        try {
            Scenarios.find(name).run(run);
        } catch (Throwable failure) {
            run.tally.fault(describe(failure));
        } finally {
            run.close();
            RUNS.remove(id);
        }
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("scenario", name);
        row.putAll(run.tally.result(run.duplicatesAllowed));
        row.put("ms", System.currentTimeMillis() - started);
        answer(id, row);
        return Boolean.TRUE.equals(row.get("ok"));
    }

    private static String describe(Throwable failure) {
        StringBuilder text = new StringBuilder(failure.toString());
        List<StackTraceElement> ours = new ArrayList<>(List.of(failure.getStackTrace()));
        ours.removeIf(frame -> !frame.getClassName().startsWith("gantry."));
        ours.stream().limit(2).forEach(frame -> text.append(" at ").append(frame));
        return text.toString();
    }

    /** Runs one command with System.out and System.err pointed at a buffer; commands run one after another. */
    private static void runAdmin(int id, String[] args) {
        ByteArrayOutputStream buffer = new ByteArrayOutputStream();
        PrintStream captured = new PrintStream(buffer, true, StandardCharsets.UTF_8);
        PrintStream out = System.out;
        PrintStream err = System.err;
        System.setOut(captured);
        System.setErr(captured);
        try {
            forgetCommands();
            MQAdminStartup.main0(args, null);
        } catch (Throwable failure) {
            captured.println("THROWN " + describe(failure));
        } finally {
            System.setOut(out);
            System.setErr(err);
        }
        String text = buffer.toString(StandardCharsets.UTF_8);
        answer(id, Map.of("out", text.length() > ADMIN_OUTPUT_MAX ? text.substring(0, ADMIN_OUTPUT_MAX) : text));
    }

    /** The list keeps used commands, and some of them a client that is shut down: each run starts with new ones. */
    private static void forgetCommands() throws ReflectiveOperationException {
        Field commands = MQAdminStartup.class.getDeclaredField("SUB_COMMANDS");
        commands.setAccessible(true);
        ((List<?>) commands.get(null)).clear();
    }
}
