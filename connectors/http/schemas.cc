// What bodies look like, for the OpenAPI document: JSON Schema by the names that routes.cc refers to.
#include "connectors/http/schemas.h"

namespace tocsin::http {

const std::string_view kSchemas = R"({
"Problem":{"type":"object","required":["type","title","status","detail","instance"],"properties":{
"type":{"type":"string"},"title":{"type":"string"},"status":{"type":"integer"},"detail":{"type":"string"},
"instance":{"type":"string"}}},
"Text":{"type":"object","required":["zh","en"],"properties":{"zh":{"type":"string"},"en":{"type":"string"}}},
"Severity":{"enum":["blue","yellow","orange","red"]},
"Status":{"enum":["open","acknowledged","assigned","resolved","closed"]},
"Area":{"type":"object","properties":{"city":{"type":"string"},"town":{"type":"string"},
"village":{"type":"string"},"grid":{"type":"string"}}},
"Location":{"type":["object","null"],"required":["lon","lat"],"properties":{"lon":{"type":"number"},
"lat":{"type":"number"},"ring":{"type":"array","items":{"type":"array","items":{"type":"number"}}}}},
"EventReference":{"type":"object","required":["source","id","occurred_at"],"properties":{
"source":{"type":"string"},"id":{"type":"string"},"occurred_at":{"type":["string","null"]},
"kind":{"type":"string"},"case":{"type":"string"},"category":{"type":"string"},"grade":{"type":"integer"},
"stage":{"type":"string"},"area":{"type":"object"},"location":{"$ref":"#/components/schemas/Location"},
"place":{"type":"string"},"duty":{"type":"string"},"people":{"type":"integer"},
"text":{"type":"string","description":"masked"},"flags":{"type":"array","items":{"type":"string"}},
"satisfaction":{"type":"integer"},"values":{"type":"object","additionalProperties":{"type":"number"}}}},
"Alert":{"type":"object","required":["alert_id","rule","severity","status"],"properties":{
"alert_id":{"type":"string"},"seq":{"type":"integer"},"rule":{"type":"string"},"rule_version":{"type":"integer"},
"name":{"$ref":"#/components/schemas/Text"},"key":{"type":"array"},
"severity":{"$ref":"#/components/schemas/Severity"},"worst":{"$ref":"#/components/schemas/Severity"},
"status":{"$ref":"#/components/schemas/Status"},
"opened_at":{"type":"string","format":"date-time"},"updated_at":{"type":"string","format":"date-time"},
"reason":{"type":"string"},"merged_into":{"type":["string","null"]},
"area":{"$ref":"#/components/schemas/Area"},"location":{"$ref":"#/components/schemas/Location"},
"values":{"type":"object"},"params":{"type":"object"},
"evidence":{"type":"object","required":["total","events"],"properties":{"total":{"type":"integer"},
"events":{"type":"array","items":{"$ref":"#/components/schemas/EventReference"}}}},
"summary":{"$ref":"#/components/schemas/Text"},"advice":{"$ref":"#/components/schemas/Text"},
"owner":{"type":"string"},"assigned_to":{"type":"string"},"outcome":{"enum":["true","false","duplicate"]},
"relation":{"enum":["case","key","near"],"description":"why it is related; of related alerts only"},
"history":{"type":"array","items":{"type":"object"},"description":"CloudEvents, oldest first, the newest 200; of one alert only"},
"earlier":{"type":"integer","minimum":0,"description":"transitions before those of history; of one alert only"}}},
"AlertPage":{"type":"object","required":["alerts","next","sequence"],"properties":{
"alerts":{"type":"array","items":{"$ref":"#/components/schemas/Alert"}},"next":{"type":["string","null"]},
"sequence":{"type":"integer","description":"Stream after this sequence to miss nothing"}}},
"Evidence":{"type":"object","required":["alert_id","total","events"],"properties":{"alert_id":{"type":"string"},
"total":{"type":"integer"},"events":{"type":"array","items":{"$ref":"#/components/schemas/EventReference"}}}},
"Related":{"type":"object","required":["alerts","cases"],"properties":{
"alerts":{"type":"array","maxItems":20,"items":{"$ref":"#/components/schemas/Alert"}},
"cases":{"type":"array","items":{"type":"object","required":["case","events"],"properties":{
"case":{"type":"string"},"events":{"type":"integer"}}}}}},
"Counts":{"type":"object","required":["blue","yellow","orange","red"],"properties":{"blue":{"type":"integer"},
"yellow":{"type":"integer"},"orange":{"type":"integer"},"red":{"type":"integer"}}},
"AreaList":{"type":"object","required":["areas"],"properties":{"areas":{"type":"array","items":{"type":"object",
"required":["code","name","level","alerts"],"properties":{"code":{"type":"string"},"name":{"type":"string"},
"level":{"enum":["city","town","village","grid"]},"alerts":{"$ref":"#/components/schemas/Counts"}}}}}},
"Map":{"type":"object","required":["type","features"],"properties":{"type":{"const":"FeatureCollection"},
"features":{"type":"array","items":{"type":"object","required":["type","geometry","properties"],"properties":{
"type":{"const":"Feature"},"geometry":{"type":["object","null"]},"properties":{"type":"object",
"required":["alert_id"]}}}},"truncated":{"type":"boolean"},"sequence":{"type":"integer"}}},
"Scorecard":{"type":"object","required":["span","tier","area","sort","compared","rows","next","total"],"properties":{
"span":{"$ref":"#/components/schemas/DaySpan"},"tier":{"enum":["city","town","village","grid","duty"]},
"area":{"type":"string"},"area_name":{"type":"string"},"sort":{"type":"string"},
"counted_from":{"type":["string","null"],"description":"the first day that was counted"},
"as_of":{"type":["string","null"],"description":"the day that time has come to"},
"too_late":{"type":"integer","description":"events that came too late to be counted, in all"},
"sample_floor":{"type":"integer","description":"rows with less to judge by have no rank"},
"compared":{"type":"object","description":"the spans that trends are against","required":["before","year_before"],
"properties":{"before":{"$ref":"#/components/schemas/Days"},"year_before":{"$ref":"#/components/schemas/Days"}}},
"rows":{"type":"array","items":{"allOf":[{"$ref":"#/components/schemas/ScoreFigures"},{"type":"object",
"required":["key","name","rank","of"],"properties":{"key":{"type":"string"},"name":{"type":"string"},
"rank":{"type":["integer","null"]},"of":{"type":"integer"}}}]}},
"next":{"type":["string","null"]},"total":{"$ref":"#/components/schemas/ScoreFigures"}}},
"Days":{"type":"object","required":["from","to"],"properties":{"from":{"type":"string","format":"date"},
"to":{"type":"string","format":"date"}}},
"DaySpan":{"type":"object","required":["from","to","days"],"properties":{"from":{"type":"string","format":"date"},
"to":{"type":"string","format":"date"},"days":{"type":"integer"}}},
"Share":{"type":["number","null"],"minimum":0,"maximum":1,"description":"null where there is nothing to divide by"},
"ScoreDurations":{"type":"object","required":["n","median"],"description":"seconds, within 2 %","properties":{
"n":{"type":"integer"},"median":{"type":["number","null"]},"p90":{"type":["number","null"]}}},
"ScoreFigures":{"type":"object","required":["events","cases","first_response_seconds","closing_seconds",
"satisfaction","alerts","first_reports","trend"],"properties":{
"events":{"type":"object","required":["total","by_channel","by_category","by_grade"],"properties":{
"total":{"type":"integer"},"by_channel":{"type":"object","additionalProperties":{"type":"integer"}},
"by_category":{"type":"object","additionalProperties":{"type":"integer"}},
"by_grade":{"type":"object","additionalProperties":{"type":"integer"}}}},
"cases":{"type":"object","required":["opened","closed","open","settled_at","disposal_rate","on_time_rate",
"reopened_rate","repeat_rate"],"properties":{"opened":{"type":"integer"},"closed":{"type":"integer"},
"open":{"type":"integer"},"on_the_spot":{"type":"integer"},
"settled_at":{"type":"object","additionalProperties":{"type":"integer"}},
"by_channel":{"type":"object","additionalProperties":{"type":"object","properties":{"opened":{"type":"integer"},
"closed":{"type":"integer"},"disposal_rate":{"$ref":"#/components/schemas/Share"}}}},
"disposal_rate":{"$ref":"#/components/schemas/Share"},"deadlines":{"type":"integer"},
"on_time_rate":{"$ref":"#/components/schemas/Share"},"reopened":{"type":"integer"},
"reopened_rate":{"$ref":"#/components/schemas/Share"},"repeats":{"type":"integer"},
"repeat_rate":{"$ref":"#/components/schemas/Share"}}},
"first_response_seconds":{"$ref":"#/components/schemas/ScoreDurations"},
"closing_seconds":{"$ref":"#/components/schemas/ScoreDurations"},
"satisfaction":{"type":"object","required":["n","mean"],"properties":{"n":{"type":"integer"},
"mean":{"type":["number","null"],"minimum":1,"maximum":5}}},
"alerts":{"type":["object","null"],"description":"null for a post: alerts are of areas","properties":{
"opened":{"type":"integer"},"by_severity":{"$ref":"#/components/schemas/Counts"},"true":{"type":"integer"},
"false":{"type":"integer"},"duplicate":{"type":"integer"},
"lead_seconds":{"$ref":"#/components/schemas/ScoreDurations"}}},
"first_reports":{"type":"integer"},
"trend":{"type":"object","required":["before","year_before"],"properties":{
"before":{"type":["object","null"],"description":"null where not all of that span was counted"},
"year_before":{"type":["object","null"]}}}}},
"PlaceList":{"type":"object","required":["span","places","found"],"properties":{
"span":{"$ref":"#/components/schemas/DaySpan"},"area":{"type":"string"},"counted_from":{"type":["string","null"]},
"as_of":{"type":["string","null"]},"found":{"type":"integer"},"places":{"type":"array","items":{"type":"object",
"required":["place","area","lon","lat","category","reports","days","reporters","alerts","first","last"],
"properties":{"place":{"type":"string"},"area":{"type":"string"},"area_name":{"type":"string"},
"lon":{"type":["number","null"]},"lat":{"type":["number","null"]},"category":{"type":"string"},
"reports":{"type":"integer"},"days":{"type":"integer"},"reporters":{"type":"integer"},
"first":{"type":"string","format":"date-time"},"last":{"type":"string","format":"date-time"},
"on":{"type":"array","items":{"type":"object","properties":{"day":{"type":"string","format":"date"},
"reports":{"type":"integer"}}}},"alerts":{"type":"array","items":{"type":"string"}}}}}}},
"By":{"type":"string","maxLength":200,"description":
"who; needed where there are no tokens, else the account's name stands instead"},
"Acknowledge":{"type":"object","additionalProperties":false,"properties":{"by":{"$ref":"#/components/schemas/By"},
"to":{"type":"string","maxLength":200},"note":{"type":"string","maxLength":4000},
"outcome":{"enum":["true","false","duplicate"]}}},
"Assign":{"type":"object","required":["to"],"additionalProperties":false,"properties":{
"by":{"$ref":"#/components/schemas/By"},"to":{"type":"string","minLength":1,"maxLength":200},
"note":{"type":"string","maxLength":4000},"outcome":{"enum":["true","false","duplicate"]}}},
"Comment":{"type":"object","required":["note"],"additionalProperties":false,"properties":{
"by":{"$ref":"#/components/schemas/By"},"to":{"type":"string","maxLength":200},
"note":{"type":"string","minLength":1,"maxLength":4000},"outcome":{"enum":["true","false","duplicate"]}}},
"Close":{"type":"object","required":["outcome"],"additionalProperties":false,"properties":{
"by":{"$ref":"#/components/schemas/By"},"to":{"type":"string","maxLength":200},
"note":{"type":"string","maxLength":4000},"outcome":{"enum":["true","false","duplicate"]}}},
"Silence":{"type":"object","required":["reason","until"],"additionalProperties":false,"properties":{
"by":{"$ref":"#/components/schemas/By"},"reason":{"type":"string","minLength":1,"maxLength":2000},
"until":{"type":["string","integer"],"description":"RFC 3339 or epoch milliseconds, in event time, at most 400 days ahead; without an offset in the service's zone"},
"rules":{"type":"array","maxItems":100,"items":{"type":"string"},"description":"rules in force; any where missing"},
"area":{"type":"string","maxLength":200,"description":"code of an area, with all that lies under it"},
"severity":{"enum":["blue","yellow","orange","red"],"description":"the gravest that is silenced"}}},
"SilenceList":{"type":"object","required":["silences"],"properties":{"silences":{"type":"array","items":{
"type":"object","required":["id"],"properties":{"id":{"type":"string"},"by":{"type":"string"},
"reason":{"type":"string"},"from":{"type":["string","null"]},"until":{"type":["string","null"]},
"rules":{"type":"array","items":{"type":"string"}},"area":{"type":"string"},
"severity":{"$ref":"#/components/schemas/Severity"},"in_file":{"type":"boolean"}}}}}},
"SilenceEnd":{"type":"object","additionalProperties":false,"properties":{
"by":{"$ref":"#/components/schemas/By"}}},
"Silenced":{"type":"object","required":["accepted","silence"],"properties":{
"accepted":{"type":"integer"},"silence":{"type":"string"}}},
"Accepted":{"type":"object","required":["accepted","offset"],"properties":{
"accepted":{"type":"integer"},"offset":{"type":"integer"}}},
"Session":{"type":"object","required":["open","signed_in","name","role","area","area_name"],"properties":{
"open":{"type":"boolean"},"signed_in":{"type":"boolean"},"name":{"type":"string"},
"role":{"enum":["","viewer","officer","planner","admin"]},"area":{"type":"string"},"area_name":{"type":"string"}}},
"SignIn":{"type":"object","required":["token"],"additionalProperties":false,"properties":{
"token":{"type":"string"}}},
"RuleList":{"type":"object","required":["rules"],"properties":{"rules":{"type":"array","items":{
"type":"object","required":["id","version","name","mode","kind"],"properties":{"id":{"type":"string"},
"version":{"type":"integer"},"name":{"$ref":"#/components/schemas/Text"},"owner":{"type":"string"},
"mode":{"enum":["active","shadow","off"]},"kind":{"type":"string"},"from":{"type":"array","items":{"type":"string"}},
"fire":{"type":"string"},
"severity":{"type":"object","additionalProperties":{"type":"string"},"description":"the condition of each severity"},"file":{"type":"string"},"line":{"type":"integer"}}}},
"zone":{"type":"string"},"areas":{"type":"object","additionalProperties":{"type":"string"}}}},
"Rule":{"type":"object","required":["id","text","params"],"properties":{"id":{"type":"string"},
"text":{"type":"string"},"file":{"type":"string"},"line":{"type":"integer"},"params":{"type":"array","items":{
"type":"object","required":["name","type","default"],"properties":{"name":{"type":"string"},
"type":{"type":"string"},"by":{"type":"string"},"override":{"type":"object"}}}}}},
"RuleText":{"type":"object","required":["text"],"additionalProperties":false,"properties":{
"text":{"type":"string","minLength":1},"file":{"type":"string"}}},
"Checked":{"type":"object","required":["faults","diagnostics"],"properties":{"faults":{"type":"integer"},
"diagnostics":{"type":"array","items":{"type":"object","required":["severity","code","message","file","line",
"column","length","snippet","hint"],"properties":{"severity":{"enum":["error","warning"]},
"code":{"type":"string"},"message":{"type":"string"},"file":{"type":"string"},"line":{"type":"integer"},
"column":{"type":"integer"},"length":{"type":"integer"},"snippet":{"type":"string"},"hint":{"type":"string"}}}}}},
"BacktestRequest":{"type":"object","additionalProperties":false,"properties":{
"text":{"type":"string","description":"a rule file; without it the rules in force"},
"set":{"type":"string","description":"RULE.PARAM=A,B,C"},"rule":{"type":"string"},
"from":{"type":"string"},"until":{"type":"string"},"against":{"type":"boolean"}}},
"Backtest":{"type":"object","required":["days","events","results"],"properties":{"days":{"type":"number"},
"events":{"type":"integer"},"results":{"type":"array","items":{"type":"object"}}}},
"Ingested":{"type":"object","required":["accepted","rejected","offset"],"properties":{
"accepted":{"type":"integer"},"rejected":{"type":"integer"},"offset":{"type":"integer"},
"faults":{"type":"array","items":{"type":"object","properties":{"index":{"type":"integer"},
"reason":{"type":"string"},"message":{"type":"string"}}}}}},
"AuditPage":{"type":"object","required":["entries","next"],"properties":{"entries":{"type":"array","items":{
"type":"object","required":["id","at","name","role","from","what","target","result"],"properties":{
"id":{"type":"integer"},"at":{"type":"string","format":"date-time"},"name":{"type":"string"},
"role":{"type":"string"},"from":{"type":"string"},"what":{"type":"string"},"target":{"type":"string"},
"result":{"type":"integer"}}}},"next":{"type":["integer","null"]}}},
"Checks":{"type":"array","items":{"type":"object","required":["name","ok","reason"],"properties":{
"name":{"type":"string"},"ok":{"type":"boolean"},"reason":{"type":"string"}}}},
"Healthy":{"type":"object","required":["status"],"properties":{"status":{"const":"ok"}}},
"Ready":{"type":"object","required":["status","checks"],"properties":{
"status":{"enum":["ready","degraded"],"description":"degraded: it works, though a check beside it fails"},
"checks":{"$ref":"#/components/schemas/Checks"}}},
"Reloaded":{"type":"object","required":["rules","diagnostics"],"properties":{"rules":{"type":"integer"},
"diagnostics":{"type":"array","items":{"type":"object"}}}},
"ServiceStatus":{"type":"object","required":["version","time","uptime_seconds","ready","sources","rules","shards",
"commit","outbox_depth","state_bytes","streams","checks"],"properties":{"version":{"type":"string"},
"time":{"enum":["clock","log"],"description":"clock: quiet sources follow the clock; log: only events move time"},
"uptime_seconds":{"type":"integer"},"ready":{"type":"boolean"},
"sources":{"type":"array","items":{"type":"object","required":["source","read","rate"],
"description":"counts are null for an account of an area","properties":{
"source":{"type":"string"},"partitions":{"type":["integer","null"]},"read":{"type":["integer","null"]},
"rejected":{"type":["integer","null"]},"duplicate":{"type":["integer","null"]},"late":{"type":["integer","null"]},
"rate":{"type":["number","null"],"description":"events a second over the last ten"},
"watermark":{"type":["string","null"]},"watermark_lag_seconds":{"type":["number","null"]},
"lag_records":{"type":["number","null"]},"lag_seconds":{"type":["number","null"]},
"last_event_at":{"type":["string","null"]}}}},
"rules":{"type":"array","items":{"type":"object","required":["id","matches","errors","state_keys","open"]}},
"shards":{"type":"array","items":{"type":"object","required":["shard","keys","busy"]}},
"commit":{"type":"object","properties":{"seconds_p99":{"type":["number","null"]},
"age_seconds":{"type":["number","null"]}}},"outbox_depth":{"type":["integer","null"]},"state_bytes":{"type":["integer","null"]},
"streams":{"type":"integer"},"checks":{"$ref":"#/components/schemas/Checks"}}}
})";

}  // namespace tocsin::http
