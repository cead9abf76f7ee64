// Part of every executable that is built with the thread sanitizer, which knows neither C11's threads nor what happens
// inside libraries that were built without it.
//
// librdkafka uses C11's threads: a thread that thrd_create() starts behind the sanitizer's back crashes in the first
// function that the sanitizer intercepts, and C11's mutexes order nothing in its eyes. So both go through POSIX here.
#include <pthread.h>
#include <threads.h>

#include <cerrno>
#include <cstdint>
#include <memory>

namespace {

static_assert(sizeof(pthread_mutex_t) <= sizeof(mtx_t) && sizeof(pthread_cond_t) <= sizeof(cnd_t));

pthread_mutex_t* posix(mtx_t* m) { return reinterpret_cast<pthread_mutex_t*>(m); }
pthread_cond_t* posix(cnd_t* c) { return reinterpret_cast<pthread_cond_t*>(c); }
int c11(int error) { return error == 0 ? thrd_success : error == ETIMEDOUT ? thrd_timedout : thrd_error; }

struct Start {
  thrd_start_t f;
  void* argument;
};

void* begin(void* start) {
  const std::unique_ptr<Start> s(static_cast<Start*>(start));
  return reinterpret_cast<void*>(static_cast<intptr_t>(s->f(s->argument)));
}

}  // namespace

extern "C" {

int thrd_create(thrd_t* thread, thrd_start_t f, void* argument) {
  return c11(::pthread_create(thread, nullptr, begin, new Start{f, argument}));
}
int thrd_join(thrd_t thread, int* result) {
  void* value = nullptr;
  const int error = ::pthread_join(thread, &value);
  if (result != nullptr) *result = static_cast<int>(reinterpret_cast<intptr_t>(value));
  return c11(error);
}
int mtx_init(mtx_t* m, int type) {
  pthread_mutexattr_t attributes;
  ::pthread_mutexattr_init(&attributes);
  if ((type & mtx_recursive) != 0) ::pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
  return c11(::pthread_mutex_init(posix(m), &attributes));
}
int mtx_lock(mtx_t* m) { return c11(::pthread_mutex_lock(posix(m))); }
int mtx_unlock(mtx_t* m) { return c11(::pthread_mutex_unlock(posix(m))); }
void mtx_destroy(mtx_t* m) { ::pthread_mutex_destroy(posix(m)); }
int cnd_init(cnd_t* c) { return c11(::pthread_cond_init(posix(c), nullptr)); }
int cnd_signal(cnd_t* c) { return c11(::pthread_cond_signal(posix(c))); }
int cnd_broadcast(cnd_t* c) { return c11(::pthread_cond_broadcast(posix(c))); }
int cnd_wait(cnd_t* c, mtx_t* m) { return c11(::pthread_cond_wait(posix(c), posix(m))); }
int cnd_timedwait(cnd_t* c, mtx_t* m, const struct timespec* until) {
  return c11(::pthread_cond_timedwait(posix(c), posix(m), until));
}
void cnd_destroy(cnd_t* c) { ::pthread_cond_destroy(posix(c)); }

// The libraries' atomics cannot be seen, so what they order looks like races. Ours are all seen.
const char* __tsan_default_suppressions() {
  return "race:librocksdb.so\n"
         "race:librdkafka.so\n"
         "deadlock:librocksdb.so\n"
         "deadlock:librdkafka.so\n"
         "mutex:librdkafka.so\n";
}
const char* __tsan_default_options() { return "ignore_noninstrumented_modules=1"; }

}  // extern "C"
