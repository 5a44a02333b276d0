import com.alibaba.fastjson2.JSON;
import com.alibaba.fastjson2.JSONArray;
import com.alibaba.fastjson2.JSONObject;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.reflect.Field;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.stream.Collectors;
import org.apache.rocketmq.acl.common.AclClientRPCHook;
import org.apache.rocketmq.acl.common.SessionCredentials;
import org.apache.rocketmq.auth.authentication.model.User;
import org.apache.rocketmq.auth.authorization.chain.AclAuthorizationHandler;
import org.apache.rocketmq.auth.authorization.context.DefaultAuthorizationContext;
import org.apache.rocketmq.auth.authorization.enums.Decision;
import org.apache.rocketmq.auth.authorization.enums.PolicyType;
import org.apache.rocketmq.auth.authorization.exception.AuthorizationException;
import org.apache.rocketmq.auth.authorization.model.Acl;
import org.apache.rocketmq.auth.authorization.model.Environment;
import org.apache.rocketmq.auth.authorization.model.Policy;
import org.apache.rocketmq.auth.authorization.model.PolicyEntry;
import org.apache.rocketmq.auth.authorization.model.Resource;
import org.apache.rocketmq.auth.authorization.provider.AuthorizationMetadataProvider;
import org.apache.rocketmq.auth.config.AuthConfig;
import org.apache.rocketmq.common.action.Action;
import org.apache.rocketmq.common.action.RocketMQAction;
import org.apache.rocketmq.common.resource.RocketMQResource;
import org.apache.rocketmq.remoting.protocol.RemotingCommand;
import org.apache.rocketmq.remoting.protocol.SerializeType;

/**
 * What Apache RocketMQ's access control makes of requests. Reads JSON lines and answers each with one:
 * {"op":"sign","accessKey":..,"secretKey":..,"code":..,"fields":{..},"body":base64,"binary":bool} with {"frame":base64},
 * {"op":"decide","custom":[entry..],"default":[entry..],"resource":"Topic:a","actions":["Pub"],"sourceIp":..} with
 * {"decision":"Allow|Deny|none"}, {"op":"rules"} with {"rules":[..]}: the annotations of the request headers.
 * Run from its source: java -cp "LIB/*" AccessOracle.java
 */
public final class AccessOracle {
    public static void main(String[] args) throws Exception {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            JSONObject request = JSON.parseObject(line);
            Object answer = switch (request.getString("op")) {
                case "sign" -> sign(request);
                case "decide" -> Map.of("decision", decide(request));
                default -> Map.of("rules", rules());
            };
            out.println(JSON.toJSONString(answer));
        }
        out.flush();
    }

    private static Map<String, String> sign(JSONObject asked) {
        RemotingCommand request = RemotingCommand.createRequestCommand(asked.getIntValue("code"), null);
        request.setOpaque(7);
        request.setExtFields(new HashMap<>());
        asked.getJSONObject("fields").forEach((name, value) -> request.addExtField(name, String.valueOf(value)));
        if (asked.containsKey("body")) {
            request.setBody(Base64.getDecoder().decode(asked.getString("body")));
        }
        String token = asked.getString("securityToken");
        String accessKey = asked.getString("accessKey");
        String secretKey = asked.getString("secretKey");
        new AclClientRPCHook(new SessionCredentials(accessKey, secretKey, token)).doBeforeRequest("127.0.0.1:1", request);
        request.setSerializeTypeCurrentRPC(asked.getBooleanValue("binary") ? SerializeType.ROCKETMQ : SerializeType.JSON);
        ByteBuffer frame = request.encode();
        byte[] bytes = new byte[frame.remaining()];
        frame.get(bytes);
        return Map.of("frame", Base64.getEncoder().encodeToString(bytes));
    }

    private static String decide(JSONObject asked) throws ReflectiveOperationException {
        User user = User.of("alice");
        List<Policy> policies = new ArrayList<>();
        for (PolicyType type : PolicyType.values()) {
            JSONArray entries = asked.getJSONArray(type.getName().toLowerCase());
            if (!entries.isEmpty()) {
                policies.add(Policy.of(type, entries.stream().map(entry -> entry((JSONObject) entry)).collect(Collectors.toList())));
            }
        }
        AclAuthorizationHandler handler = new AclAuthorizationHandler(new AuthConfig());
        Field provider = AclAuthorizationHandler.class.getDeclaredField("authorizationMetadataProvider");
        provider.setAccessible(true);
        provider.set(handler, Proxy.newProxyInstance(AccessOracle.class.getClassLoader(), new Class<?>[] {AuthorizationMetadataProvider.class},
            (proxy, method, arguments) -> CompletableFuture.completedFuture(Acl.of(user, policies))));
        DefaultAuthorizationContext context = DefaultAuthorizationContext.of(user, Resource.of(asked.getString("resource")),
            actions(asked.getJSONArray("actions")), asked.getString("sourceIp"));
        try {
            handler.handle(context, null).join();
            return "Allow";
        } catch (Throwable failure) {
            Throwable cause = failure.getCause() == null ? failure : failure.getCause();
            if (!(cause instanceof AuthorizationException)) {
                throw failure;
            }
            return cause.getMessage().contains("the decision is deny") ? "Deny" : "none";
        }
    }

    private static PolicyEntry entry(JSONObject entry) {
        JSONArray ips = entry.getJSONArray("sourceIps");
        Environment environment = ips == null ? null : Environment.of(ips.toList(String.class));
        return PolicyEntry.of(Resource.of(entry.getString("resource")), actions(entry.getJSONArray("actions")), environment,
            Decision.getByName(entry.getString("decision")));
    }

    private static List<Action> actions(JSONArray names) {
        return names.toList(String.class).stream().map(Action::getByName).collect(Collectors.toList());
    }

    /** As RequestHeaderRegistry finds them: of two classes for a code either may be taken, both are listed. */
    private static List<Object> rules() throws Exception {
        Map<String, Object> rules = new TreeMap<>();
        String jar = RemotingCommand.class.getProtectionDomain().getCodeSource().getLocation().getPath();
        try (JarFile file = new JarFile(jar)) {
            for (JarEntry entry : java.util.Collections.list(file.entries())) {
                String name = entry.getName();
                if (!name.endsWith(".class") || !name.contains("/protocol/header/")) {
                    continue;
                }
                Class<?> header = Class.forName(name.substring(0, name.length() - 6).replace('/', '.'));
                RocketMQAction action = header.getAnnotation(RocketMQAction.class);
                if (action != null) {
                    rules.put(String.format("%06d %s", action.value(), header.getSimpleName()), rule(header, action));
                }
            }
        }
        return new ArrayList<>(rules.values());
    }

    private static Map<String, Object> rule(Class<?> header, RocketMQAction action) {
        List<Object> fields = new ArrayList<>();
        for (Field field : header.getDeclaredFields()) {
            RocketMQResource resource = field.getAnnotation(RocketMQResource.class);
            if (resource != null) {
                fields.add(field(resource.value().getName(), field.getName(), resource.splitter()));
            }
        }
        Map<String, Object> rule = new LinkedHashMap<>();
        rule.put("code", action.value());
        rule.put("header", header.getSimpleName());
        rule.put("resource", action.resource().getName());
        rule.put("actions", Arrays.stream(action.action()).map(Action::getName).collect(Collectors.toList()));
        rule.put("fields", fields);
        return rule;
    }

    private static Map<String, String> field(String type, String name, String separator) {
        Map<String, String> field = new LinkedHashMap<>();
        field.put("type", type);
        field.put("field", name);
        if (!separator.isEmpty()) {
            field.put("separator", separator);
        }
        return field;
    }
}
