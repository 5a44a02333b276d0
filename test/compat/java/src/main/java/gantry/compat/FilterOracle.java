package gantry.compat;

import com.alibaba.fastjson2.JSON;
import com.alibaba.fastjson2.JSONArray;
import com.alibaba.fastjson2.JSONObject;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.rocketmq.filter.expression.EvaluationContext;
import org.apache.rocketmq.filter.expression.Expression;
import org.apache.rocketmq.filter.expression.MQFilterException;
import org.apache.rocketmq.filter.parser.SelectorParser;

/**
 * What Apache RocketMQ's filter makes of SQL92 expressions. Reads lines {"expression":"..","messages":[{..}]} and answers each with
 * {"results":"YNUF"}, a letter per message (yes, no, unknown, failed), or {"error":".."}.
 */
public final class FilterOracle {
    private FilterOracle() {
    }

    public static void main(String[] args) throws Exception {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            JSONObject request = JSON.parseObject(line);
            out.println(JSON.toJSONString(judge(request.getString("expression"), request.getJSONArray("messages"))));
        }
        out.flush();
    }

    private static Map<String, String> judge(String text, JSONArray messages) {
        Map<String, String> answer = new LinkedHashMap<>();
        try {
            Expression expression = SelectorParser.parse(text);
            StringBuilder results = new StringBuilder();
            for (int i = 0; i < messages.size(); i++) {
                Map<String, Object> properties = new HashMap<>(messages.getJSONObject(i));
                results.append(letter(expression, properties));
            }
            answer.put("results", results.toString());
        } catch (MQFilterException refused) {
            answer.put("error", String.valueOf(refused.getCause() == null ? refused : refused.getCause()).lines().findFirst().orElse(""));
        }
        return answer;
    }

    private static char letter(Expression expression, Map<String, Object> properties) {
        EvaluationContext context = new EvaluationContext() {
            @Override
            public Object get(String name) {
                return properties.get(name);
            }

            @Override
            public Map<String, Object> keyValues() {
                return properties;
            }
        };
        try {
            Object value = expression.evaluate(context);
            return value == null ? 'U' : Boolean.TRUE.equals(value) ? 'Y' : 'N';
        } catch (Throwable failure) {
            return 'F';
        }
    }
}
