/*
 * H2c URL METHOD [NAME VALUE]...: what Java's own client gets.  It offers to go
 * on in HTTP/2, unasked.  Prints the status and by which version it came.
 */

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;

class H2c {
    public static void main(String[] words) throws Exception {
        var body = words[1].equals("POST")
            ? HttpRequest.BodyPublishers.ofString("{\"a\": 1}")
            : HttpRequest.BodyPublishers.noBody();
        var request = HttpRequest.newBuilder(URI.create(words[0]))
            .timeout(Duration.ofSeconds(20)).method(words[1], body);

        for (int i = 2; i + 1 < words.length; i += 2) {
            request.header(words[i], words[i + 1]);
        }

        var answer = HttpClient.newHttpClient()
            .send(request.build(), HttpResponse.BodyHandlers.discarding());

        System.out.println(answer.statusCode() + " by " + answer.version());
    }
}
