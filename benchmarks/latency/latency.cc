// tocsin_latency: how long from an event's produce time to its alert at a consumer, by an open-loop generator: event n
// is due at begin + n/rate whatever happened to those before it, and latency counts from when it was due, not from when
// it was sent.
//
//   tocsin_latency BROKER EVENTS_TOPIC ALERTS_TOPIC [--rate N] [--alerts N] [--seconds N] [--warm-up N] [--goal-ms N]
//                 [--linger-ms N]
//
// A running service reads EVENTS_TOPIC under the rule that benchmarks/latency/run writes (two events of one place
// within a minute); every event is one of a place, most of them alone there, and `--alerts` of them a second are the
// second of theirs. Prints the percentiles of the latency of those alerts; exit status 1 when one does not come, or the
// goal is not met.
#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::microseconds;

struct Options {
  std::string broker, events, alerts;
  std::map<std::string, long> numbers = {{"--rate", 5000}, {"--alerts", 50},  {"--seconds", 30},
                                         {"--warm-up", 5}, {"--goal-ms", 50}, {"--linger-ms", 1}};
  long operator[](const char* name) const { return numbers.at(name); }
};

std::optional<Options> parse(int argc, char** argv) {
  if (argc < 4 || argc % 2 != 0) return std::nullopt;
  Options o;
  o.broker = argv[1];
  o.events = argv[2];
  o.alerts = argv[3];
  for (int i = 4; i + 1 < argc; i += 2) {
    const auto it = o.numbers.find(argv[i]);
    if (it == o.numbers.end() || (it->second = std::atol(argv[i + 1])) <= 0) return std::nullopt;
  }
  if (o["--alerts"] * 2 > o["--rate"]) return std::nullopt;
  return o;
}

[[noreturn]] void fail(const std::string& what) {
  std::fprintf(stderr, "tocsin_latency: %s\n", what.c_str());
  std::exit(1);
}

rd_kafka_t* make_client(rd_kafka_type_t type, const std::map<std::string, std::string>& settings) {
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  std::array<char, 512> text{};
  for (const auto& [name, value] : settings) {
    if (rd_kafka_conf_set(conf, name.c_str(), value.c_str(), text.data(), text.size()) != RD_KAFKA_CONF_OK)
      fail(text.data());
  }
  rd_kafka_t* client = rd_kafka_new(type, conf, text.data(), text.size());
  if (client == nullptr) fail(text.data());
  return client;
}

int32_t partitions_of(rd_kafka_t* client, const std::string& topic) {
  rd_kafka_topic_t* handle = rd_kafka_topic_new(client, topic.c_str(), nullptr);
  const rd_kafka_metadata_t* metadata = nullptr;
  if (rd_kafka_metadata(client, 0, handle, &metadata, 10'000) != RD_KAFKA_RESP_ERR_NO_ERROR) fail("no broker answers");
  const int32_t n = metadata->topics[0].partition_cnt;
  rd_kafka_metadata_destroy(metadata);
  rd_kafka_topic_destroy(handle);
  if (n == 0) fail("there is no topic " + topic);
  return n;
}

// Which events complete a place, and which one opens it: one in `every` completes the place of the one half of that
// before.
class Plan {
 public:
  explicit Plan(const Options& o) : every_(o["--rate"] / o["--alerts"]), lead_(every_ / 2) {}
  bool completes(long n) const { return n >= every_ && n % every_ == 0; }
  long place(long n) const { return completes(n) ? n - lead_ : n; }

 private:
  long every_, lead_;
};

std::string event(long n, const Plan& plan, const std::string& run) {
  const auto now =
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch());
  const std::time_t seconds = now.count() / 1000;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  std::array<char, 640> text{};
  const int length = std::snprintf(
      text.data(), text.size(),
      R"({"id":"%s-%ld","source":"grid","kind":"report","occurred_at":"%04d-%02d-%02dT%02d:%02d:%02d.%03ldZ",)"
      R"("category":"city.facility.light","area":{"city":"330282","town":"330282102","village":"330282102205"},)"
      R"("location":{"lon":121.27%04ld,"lat":30.17%04ld},"place":"%s-%ld","case":"C%ld","stage":"accepted",)"
      R"("text":"A street light is out at the corner, and the bulb beside it flickers."})",
      run.c_str(), n, utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec,
      now.count() % 1000, n % 10'000, n * 7 % 10'000, run.c_str(), plan.place(n), n);
  return {text.data(), static_cast<size_t>(length)};
}

void produce(const Options& o, const Plan& plan, const std::string& run, Clock::time_point begin, long total) {
  rd_kafka_t* producer = make_client(RD_KAFKA_PRODUCER, {{"bootstrap.servers", o.broker},
                                                         {"linger.ms", std::to_string(o["--linger-ms"])},
                                                         {"acks", "all"},
                                                         {"socket.nagle.disable", "true"},
                                                         {"queue.buffering.max.messages", "1000000"}});
  partitions_of(producer, o.events);
  rd_kafka_topic_t* topic = rd_kafka_topic_new(producer, o.events.c_str(), nullptr);
  for (long n = 0; n < total; ++n) {
    std::this_thread::sleep_until(begin + microseconds(n * 1'000'000 / o["--rate"]));
    const std::string value = event(n, plan, run);
    // One place, one partition.
    const std::string key = std::to_string(plan.place(n));
    while (rd_kafka_produce(topic, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY, const_cast<char*>(value.data()),
                            value.size(), key.data(), key.size(), nullptr) != 0) {
      rd_kafka_poll(producer, 10);
    }
    if (n % 64 == 0) rd_kafka_poll(producer, 0);
  }
  if (rd_kafka_flush(producer, 30'000) != RD_KAFKA_RESP_ERR_NO_ERROR) fail("the broker does not take the events");
  rd_kafka_topic_destroy(topic);
  rd_kafka_destroy(producer);
}

// The number of the event that opened the alert, of an "opened" transition of this run.
std::optional<long> opened_by(std::string_view json, const std::string& run) {
  if (json.find("\"type\":\"tocsin.alert.opened\"") == std::string_view::npos) return std::nullopt;
  const size_t by = json.find("\"opened_by\":");
  const std::string wanted = "\"id\":\"" + run + "-";
  const size_t at = by == std::string_view::npos ? by : json.find(wanted, by);
  if (at == std::string_view::npos) return std::nullopt;
  return std::atol(std::string(json.substr(at + wanted.size(), 20)).c_str());
}

rd_kafka_t* consumer_at_end(const Options& o) {
  rd_kafka_t* consumer = make_client(RD_KAFKA_CONSUMER, {{"bootstrap.servers", o.broker},
                                                         {"group.id", "tocsin-latency"},
                                                         {"enable.auto.commit", "false"},
                                                         {"socket.nagle.disable", "true"},
                                                         {"fetch.wait.max.ms", "20"}});
  rd_kafka_poll_set_consumer(consumer);
  const int32_t partitions = partitions_of(consumer, o.alerts);
  rd_kafka_topic_partition_list_t* list = rd_kafka_topic_partition_list_new(partitions);
  for (int32_t p = 0; p < partitions; ++p) {
    int64_t low = 0, high = 0;
    if (rd_kafka_query_watermark_offsets(consumer, o.alerts.c_str(), p, &low, &high, 10'000) !=
        RD_KAFKA_RESP_ERR_NO_ERROR) {
      fail("the alerts' topic does not answer");
    }
    rd_kafka_topic_partition_list_add(list, o.alerts.c_str(), p)->offset = high;
  }
  rd_kafka_assign(consumer, list);
  rd_kafka_topic_partition_list_destroy(list);
  return consumer;
}

// Latencies in microseconds of the alerts after the warm-up.
std::vector<long> consume(rd_kafka_t* consumer, const Options& o, const std::string& run, Clock::time_point begin,
                          long first, size_t count, Clock::time_point deadline) {
  std::vector<long> latencies;
  while (latencies.size() < count && Clock::now() < deadline) {
    rd_kafka_message_t* m = rd_kafka_consumer_poll(consumer, 100);
    if (m == nullptr) continue;
    const auto now = Clock::now();
    if (m->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      const auto n = opened_by({static_cast<const char*>(m->payload), m->len}, run);
      if (n && *n >= first) {
        const auto due = begin + microseconds(*n * 1'000'000 / o["--rate"]);
        latencies.push_back(std::chrono::duration_cast<microseconds>(now - due).count());
      }
    }
    rd_kafka_message_destroy(m);
  }
  return latencies;
}

double percentile(const std::vector<long>& sorted, double p) {
  const auto index = static_cast<size_t>(p / 100 * static_cast<double>(sorted.size() - 1) + 0.5);
  return static_cast<double>(sorted[index]) / 1000;
}

int run(const Options& o) {
  const Plan plan(o);
  const std::string name = "r" + std::to_string(std::time(nullptr));
  const long first = o["--warm-up"] * o["--rate"];
  const long total = first + o["--seconds"] * o["--rate"];
  size_t count = 0;
  for (long n = first; n < total; ++n) count += plan.completes(n) ? 1 : 0;
  rd_kafka_t* consumer = consumer_at_end(o);
  const auto begin = Clock::now() + std::chrono::seconds(1);
  std::thread producer([&] { produce(o, plan, name, begin, total); });
  const auto deadline = begin + std::chrono::seconds(o["--warm-up"] + o["--seconds"] + 20);
  std::vector<long> latencies = consume(consumer, o, name, begin, first, count, deadline);
  producer.join();
  rd_kafka_consumer_close(consumer);
  rd_kafka_destroy(consumer);
  if (latencies.size() < count) {
    fail(std::to_string(count - latencies.size()) + " of " + std::to_string(count) +
         " alerts did not come within 20 s");
  }
  std::sort(latencies.begin(), latencies.end());
  const double p99 = percentile(latencies, 99);
  std::printf(
      "%ld events/s for %ld s, %zu alerts; produce to alert consumed, ms: p50 %.1f  p90 %.1f  p99 %.1f  max %.1f\n",
      o["--rate"], o["--seconds"], count, percentile(latencies, 50), percentile(latencies, 90), p99,
      percentile(latencies, 100));
  return p99 < static_cast<double>(o["--goal-ms"]) ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  const auto options = parse(argc, argv);
  if (!options) {
    std::fprintf(stderr,
                 "usage: tocsin_latency BROKER EVENTS_TOPIC ALERTS_TOPIC [--rate N] [--alerts N] [--seconds N] "
                 "[--warm-up N] [--goal-ms N] [--linger-ms N]\n");
    return 2;
  }
  return run(*options);
}
