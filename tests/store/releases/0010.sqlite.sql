PRAGMA foreign_keys = ON;
BEGIN;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
CREATE TABLE organizations (
	id TEXT NOT NULL, 
	name TEXT NOT NULL, 
	slug TEXT NOT NULL, 
	balance_micros BIGINT, 
	created_at BIGINT NOT NULL, 
	CONSTRAINT pk_organizations PRIMARY KEY (id), 
	CONSTRAINT uq_organizations_slug UNIQUE (slug)
);
CREATE TABLE agents (
	id TEXT NOT NULL, 
	org_id TEXT NOT NULL, 
	slug TEXT NOT NULL, 
	name TEXT NOT NULL, 
	definition TEXT NOT NULL, 
	source TEXT NOT NULL, 
	published_at BIGINT, 
	created_at BIGINT NOT NULL, 
	updated_at BIGINT NOT NULL, 
	CONSTRAINT pk_agents PRIMARY KEY (id), 
	CONSTRAINT fk_agents_org_id FOREIGN KEY(org_id) REFERENCES organizations (id), 
	CONSTRAINT uq_agents_org_id_id UNIQUE (org_id, id), 
	CONSTRAINT uq_agents_org_id_slug UNIQUE (org_id, slug)
);
CREATE TABLE credits (
	id TEXT NOT NULL, 
	org_id TEXT NOT NULL, 
	micros BIGINT DEFAULT '0' NOT NULL, 
	note TEXT NOT NULL, 
	created_at BIGINT NOT NULL, 
	CONSTRAINT pk_credits PRIMARY KEY (id), 
	CONSTRAINT fk_credits_org_id FOREIGN KEY(org_id) REFERENCES organizations (id)
);
CREATE INDEX ix_credits_org_id_id ON credits (org_id, id);
CREATE TABLE keys (
	id TEXT NOT NULL, 
	org_id TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	name TEXT NOT NULL, 
	hash TEXT NOT NULL, 
	hint TEXT NOT NULL, 
	agent_id TEXT, 
	origins TEXT NOT NULL, 
	scopes TEXT NOT NULL, 
	created_at BIGINT NOT NULL, 
	expires_at BIGINT, 
	revoked_at BIGINT, 
	last_used_at BIGINT, 
	CONSTRAINT pk_keys PRIMARY KEY (id), 
	CONSTRAINT fk_keys_org_id_agent_id FOREIGN KEY(org_id, agent_id) REFERENCES agents (org_id, id), 
	CONSTRAINT fk_keys_org_id FOREIGN KEY(org_id) REFERENCES organizations (id), 
	CONSTRAINT uq_keys_hash UNIQUE (hash), 
	CONSTRAINT uq_keys_org_id_id UNIQUE (org_id, id)
);
CREATE TABLE usage (
	id TEXT NOT NULL, 
	org_id TEXT NOT NULL, 
	agent_id TEXT NOT NULL, 
	session_id TEXT NOT NULL, 
	run_id TEXT NOT NULL, 
	attached_ms BIGINT DEFAULT '0' NOT NULL, 
	cost_micros BIGINT DEFAULT '0' NOT NULL, 
	created_at BIGINT NOT NULL, 
	updated_at BIGINT NOT NULL, 
	CONSTRAINT pk_usage PRIMARY KEY (id), 
	CONSTRAINT fk_usage_org_id_agent_id FOREIGN KEY(org_id, agent_id) REFERENCES agents (org_id, id), 
	CONSTRAINT fk_usage_org_id FOREIGN KEY(org_id) REFERENCES organizations (id), 
	CONSTRAINT uq_usage_session_id UNIQUE (session_id)
);
CREATE INDEX ix_usage_org_id_id ON usage (org_id, id);
CREATE TABLE conversations (
	id TEXT NOT NULL, 
	org_id TEXT NOT NULL, 
	agent_id TEXT NOT NULL, 
	key_id TEXT, 
	current_session_id TEXT, 
	resume_hash TEXT, 
	metadata TEXT NOT NULL, 
	next_seq INTEGER DEFAULT '1' NOT NULL, 
	created_at BIGINT NOT NULL, 
	updated_at BIGINT NOT NULL, 
	ended_at BIGINT, 
	end_reason TEXT, resume_before_hash TEXT, state TEXT DEFAULT '{}' NOT NULL, visitor_id TEXT, 
	CONSTRAINT pk_conversations PRIMARY KEY (id), 
	CONSTRAINT fk_conversations_org_id_agent_id FOREIGN KEY(org_id, agent_id) REFERENCES agents (org_id, id), 
	CONSTRAINT fk_conversations_org_id_key_id FOREIGN KEY(org_id, key_id) REFERENCES keys (org_id, id), 
	CONSTRAINT fk_conversations_org_id FOREIGN KEY(org_id) REFERENCES organizations (id), 
	CONSTRAINT uq_conversations_org_id_id UNIQUE (org_id, id), 
	CONSTRAINT uq_conversations_resume_hash UNIQUE (resume_hash)
);
CREATE INDEX ix_conversations_agent_id_org_id_id ON conversations (agent_id, org_id, id);
CREATE TABLE runs (
	id TEXT NOT NULL, 
	org_id TEXT NOT NULL, 
	conversation_id TEXT NOT NULL, 
	agent_id TEXT NOT NULL, 
	process TEXT NOT NULL, 
	started_at BIGINT NOT NULL, 
	ended_at BIGINT, 
	end_reason TEXT, 
	usage TEXT, peer TEXT, 
	CONSTRAINT pk_runs PRIMARY KEY (id), 
	CONSTRAINT fk_runs_org_id_agent_id FOREIGN KEY(org_id, agent_id) REFERENCES agents (org_id, id), 
	CONSTRAINT fk_runs_org_id_conversation_id FOREIGN KEY(org_id, conversation_id) REFERENCES conversations (org_id, id), 
	CONSTRAINT fk_runs_org_id FOREIGN KEY(org_id) REFERENCES organizations (id), 
	CONSTRAINT uq_runs_org_id_id UNIQUE (org_id, id)
);
CREATE INDEX ix_runs_conversation_id ON runs (conversation_id);
CREATE INDEX ix_runs_ended_at ON runs (ended_at);
CREATE TABLE sessions (
	id TEXT NOT NULL, 
	org_id TEXT NOT NULL, 
	conversation_id TEXT NOT NULL, 
	agent_id TEXT NOT NULL, 
	run_id TEXT, 
	key_id TEXT, 
	key_hash TEXT, 
	key_expires_at BIGINT NOT NULL, 
	transport TEXT NOT NULL, 
	state TEXT NOT NULL, 
	capabilities TEXT NOT NULL, 
	config TEXT NOT NULL, 
	metadata TEXT NOT NULL, 
	custom_metadata TEXT NOT NULL, 
	custom_headers TEXT NOT NULL, 
	sdk_version TEXT NOT NULL, 
	origin TEXT, 
	created_at BIGINT NOT NULL, 
	opened_at BIGINT, 
	detached_at BIGINT, 
	ended_at BIGINT, 
	end_reason TEXT, 
	attached_ms BIGINT DEFAULT '0' NOT NULL, 
	cost_micros BIGINT DEFAULT '0' NOT NULL, consent TEXT, page TEXT, 
	CONSTRAINT pk_sessions PRIMARY KEY (id), 
	CONSTRAINT fk_sessions_org_id_agent_id FOREIGN KEY(org_id, agent_id) REFERENCES agents (org_id, id), 
	CONSTRAINT fk_sessions_org_id_conversation_id FOREIGN KEY(org_id, conversation_id) REFERENCES conversations (org_id, id), 
	CONSTRAINT fk_sessions_org_id_key_id FOREIGN KEY(org_id, key_id) REFERENCES keys (org_id, id), 
	CONSTRAINT fk_sessions_org_id FOREIGN KEY(org_id) REFERENCES organizations (id), 
	CONSTRAINT uq_sessions_key_hash UNIQUE (key_hash)
);
CREATE INDEX ix_sessions_conversation_id_org_id_id ON sessions (conversation_id, org_id, id);
CREATE INDEX ix_sessions_org_id_id ON sessions (org_id, id);
CREATE INDEX ix_sessions_state ON sessions (state);
CREATE TABLE messages (
	id TEXT NOT NULL, 
	org_id TEXT NOT NULL, 
	conversation_id TEXT NOT NULL, 
	run_id TEXT NOT NULL, 
	session_id TEXT, 
	seq INTEGER NOT NULL, 
	turn_id TEXT NOT NULL, 
	role TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	text TEXT NOT NULL, 
	item TEXT, 
	final BOOLEAN NOT NULL, 
	interrupted BOOLEAN NOT NULL, 
	created_at BIGINT NOT NULL, 
	updated_at BIGINT NOT NULL, 
	CONSTRAINT pk_messages PRIMARY KEY (id), 
	CONSTRAINT fk_messages_org_id_conversation_id FOREIGN KEY(org_id, conversation_id) REFERENCES conversations (org_id, id), 
	CONSTRAINT fk_messages_org_id_run_id FOREIGN KEY(org_id, run_id) REFERENCES runs (org_id, id), 
	CONSTRAINT fk_messages_org_id FOREIGN KEY(org_id) REFERENCES organizations (id), 
	CONSTRAINT uq_messages_conversation_id_seq UNIQUE (conversation_id, seq)
);
CREATE INDEX ix_messages_run_id ON messages (run_id);
CREATE UNIQUE INDEX ix_conversations_resume_before_hash ON conversations (resume_before_hash);
CREATE TABLE visitors (
	id TEXT NOT NULL, 
	org_id TEXT NOT NULL, 
	user_id TEXT, 
	traits TEXT NOT NULL, 
	first_seen_at BIGINT NOT NULL, 
	last_seen_at BIGINT NOT NULL, 
	identified_at BIGINT, 
	CONSTRAINT pk_visitors PRIMARY KEY (org_id, id), 
	CONSTRAINT fk_visitors_org_id FOREIGN KEY(org_id) REFERENCES organizations (id)
);
CREATE INDEX ix_visitors_last_seen_at ON visitors (last_seen_at);
CREATE TABLE visits (
	id TEXT NOT NULL, 
	org_id TEXT NOT NULL, 
	visitor_id TEXT NOT NULL, 
	started_at BIGINT NOT NULL, 
	last_at BIGINT NOT NULL, 
	CONSTRAINT pk_visits PRIMARY KEY (org_id, id), 
	CONSTRAINT fk_visits_org_id_visitor_id FOREIGN KEY(org_id, visitor_id) REFERENCES visitors (org_id, id), 
	CONSTRAINT fk_visits_org_id FOREIGN KEY(org_id) REFERENCES organizations (id)
);
CREATE INDEX ix_visits_org_id_visitor_id ON visits (org_id, visitor_id);
CREATE INDEX ix_visits_last_at ON visits (last_at);
CREATE TABLE page_views (
	id TEXT NOT NULL, 
	org_id TEXT NOT NULL, 
	visitor_id TEXT NOT NULL, 
	visit_id TEXT NOT NULL, 
	url TEXT NOT NULL, 
	path TEXT NOT NULL, 
	title TEXT NOT NULL, 
	referrer TEXT NOT NULL, 
	visible_ms BIGINT DEFAULT '0' NOT NULL, 
	at BIGINT NOT NULL, 
	CONSTRAINT pk_page_views PRIMARY KEY (org_id, id), 
	CONSTRAINT fk_page_views_org_id_visit_id FOREIGN KEY(org_id, visit_id) REFERENCES visits (org_id, id), 
	CONSTRAINT fk_page_views_org_id FOREIGN KEY(org_id) REFERENCES organizations (id)
);
CREATE TABLE visitor_events (
	id TEXT NOT NULL, 
	org_id TEXT NOT NULL, 
	visitor_id TEXT NOT NULL, 
	visit_id TEXT NOT NULL, 
	page_id TEXT, 
	kind TEXT NOT NULL, 
	name TEXT NOT NULL, 
	properties TEXT NOT NULL, 
	at BIGINT NOT NULL, 
	CONSTRAINT pk_visitor_events PRIMARY KEY (org_id, id), 
	CONSTRAINT fk_visitor_events_org_id_visit_id FOREIGN KEY(org_id, visit_id) REFERENCES visits (org_id, id), 
	CONSTRAINT fk_visitor_events_org_id FOREIGN KEY(org_id) REFERENCES organizations (id)
);
CREATE INDEX ix_page_views_org_id_visitor_id_at ON page_views (org_id, visitor_id, at);
CREATE INDEX ix_page_views_org_id_visit_id ON page_views (org_id, visit_id);
CREATE INDEX ix_page_views_at ON page_views (at);
CREATE INDEX ix_visitor_events_org_id_visitor_id_at ON visitor_events (org_id, visitor_id, at);
CREATE INDEX ix_visitor_events_org_id_visit_id ON visitor_events (org_id, visit_id);
CREATE INDEX ix_visitor_events_at ON visitor_events (at);
CREATE INDEX ix_conversations_org_id_visitor_id ON conversations (org_id, visitor_id);
CREATE TABLE feedback (
	id TEXT NOT NULL, 
	org_id TEXT NOT NULL, 
	session_id TEXT NOT NULL, 
	conversation_id TEXT NOT NULL, 
	agent_id TEXT NOT NULL, 
	rating TEXT NOT NULL, 
	text TEXT NOT NULL, 
	created_at BIGINT NOT NULL, 
	updated_at BIGINT NOT NULL, 
	CONSTRAINT pk_feedback PRIMARY KEY (id), 
	CONSTRAINT fk_feedback_org_id_agent_id FOREIGN KEY(org_id, agent_id) REFERENCES agents (org_id, id), 
	CONSTRAINT fk_feedback_org_id_conversation_id FOREIGN KEY(org_id, conversation_id) REFERENCES conversations (org_id, id), 
	CONSTRAINT fk_feedback_org_id FOREIGN KEY(org_id) REFERENCES organizations (id), 
	CONSTRAINT uq_feedback_session_id UNIQUE (session_id)
);
CREATE INDEX ix_feedback_org_id_id ON feedback (org_id, id);
CREATE INDEX ix_feedback_conversation_id_org_id ON feedback (conversation_id, org_id);
CREATE TABLE traces (
	seq INTEGER NOT NULL, 
	org_id TEXT NOT NULL, 
	id TEXT NOT NULL, 
	source TEXT NOT NULL, 
	agent TEXT NOT NULL, 
	agent_version TEXT NOT NULL, 
	conversation_id TEXT, 
	session_id TEXT, 
	visitor_id TEXT, 
	room TEXT NOT NULL, 
	transport TEXT NOT NULL, 
	status TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	outcome TEXT NOT NULL, 
	started_at BIGINT NOT NULL, 
	ended_at BIGINT, 
	last_seen_at BIGINT NOT NULL, 
	turns BIGINT DEFAULT '0' NOT NULL, 
	interrupted BIGINT DEFAULT '0' NOT NULL, 
	unanswered BIGINT DEFAULT '0' NOT NULL, 
	errors BIGINT DEFAULT '0' NOT NULL, 
	tool_errors BIGINT DEFAULT '0' NOT NULL, 
	e2e_max_ms DOUBLE, 
	cost_micros BIGINT DEFAULT '0' NOT NULL, 
	told_cost_micros BIGINT, 
	dropped BIGINT DEFAULT '0' NOT NULL, 
	bytes BIGINT DEFAULT '0' NOT NULL, 
	has_recording BOOLEAN NOT NULL, 
	tags TEXT NOT NULL, 
	usage TEXT NOT NULL, 
	attributes TEXT NOT NULL, 
	CONSTRAINT pk_traces PRIMARY KEY (seq), 
	CONSTRAINT fk_traces_org_id FOREIGN KEY(org_id) REFERENCES organizations (id), 
	CONSTRAINT uq_traces_org_id_id UNIQUE (org_id, id)
);
CREATE INDEX ix_traces_active ON traces (last_seen_at) WHERE status = 'active';
CREATE INDEX ix_traces_agent ON traces (org_id, agent, started_at, id);
CREATE INDEX ix_traces_listed ON traces (org_id, started_at, id, agent, status, outcome, source, ended_at, turns, interrupted, unanswered, errors, tool_errors, e2e_max_ms, cost_micros, bytes);
CREATE INDEX ix_traces_conversation ON traces (org_id, conversation_id, started_at, id);
CREATE INDEX ix_traces_session ON traces (org_id, session_id, started_at, id);
CREATE INDEX ix_traces_visitor ON traces (org_id, visitor_id, started_at, id);
CREATE TABLE console_sessions (
	id TEXT NOT NULL, 
	org_id TEXT NOT NULL, 
	hash TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	role TEXT NOT NULL, 
	name TEXT NOT NULL, 
	created_at BIGINT NOT NULL, 
	expires_at BIGINT NOT NULL, 
	last_seen_at BIGINT, 
	CONSTRAINT pk_console_sessions PRIMARY KEY (id), 
	CONSTRAINT fk_console_sessions_org_id FOREIGN KEY(org_id) REFERENCES organizations (id), 
	CONSTRAINT uq_console_sessions_hash UNIQUE (hash)
);
CREATE INDEX ix_console_sessions_expires_at ON console_sessions (expires_at);
CREATE INDEX ix_console_sessions_org_id_id ON console_sessions (org_id, id);
CREATE TABLE links (
	id TEXT NOT NULL, 
	org_id TEXT NOT NULL, 
	trace_seq BIGINT NOT NULL, 
	hash TEXT NOT NULL, 
	created_at BIGINT NOT NULL, 
	expires_at BIGINT NOT NULL, 
	CONSTRAINT pk_links PRIMARY KEY (id), 
	CONSTRAINT fk_links_org_id FOREIGN KEY(org_id) REFERENCES organizations (id), 
	CONSTRAINT fk_links_trace_seq FOREIGN KEY(trace_seq) REFERENCES traces (seq), 
	CONSTRAINT uq_links_hash UNIQUE (hash)
);
CREATE INDEX ix_links_expires_at ON links (expires_at);
CREATE INDEX ix_links_trace_seq ON links (trace_seq);
CREATE TABLE logs (
	trace_seq BIGINT NOT NULL, 
	log_id TEXT NOT NULL, 
	at_ns BIGINT NOT NULL, 
	level TEXT NOT NULL, 
	span_id TEXT NOT NULL, 
	logger TEXT NOT NULL, 
	text TEXT NOT NULL, 
	attributes TEXT NOT NULL, 
	CONSTRAINT pk_logs PRIMARY KEY (trace_seq, log_id), 
	CONSTRAINT fk_logs_trace_seq FOREIGN KEY(trace_seq) REFERENCES traces (seq)
)
 WITHOUT ROWID

;
CREATE TABLE recordings (
	id TEXT NOT NULL, 
	org_id TEXT NOT NULL, 
	trace_seq BIGINT, 
	state TEXT NOT NULL, 
	path TEXT NOT NULL, 
	format TEXT NOT NULL, 
	started_ns BIGINT NOT NULL, 
	duration_ms BIGINT DEFAULT '0' NOT NULL, 
	bytes BIGINT DEFAULT '0' NOT NULL, 
	created_at BIGINT NOT NULL, 
	CONSTRAINT pk_recordings PRIMARY KEY (id), 
	CONSTRAINT fk_recordings_org_id FOREIGN KEY(org_id) REFERENCES organizations (id), 
	CONSTRAINT fk_recordings_trace_seq FOREIGN KEY(trace_seq) REFERENCES traces (seq)
);
CREATE INDEX ix_recordings_state ON recordings (state);
CREATE INDEX ix_recordings_trace_seq ON recordings (trace_seq);
CREATE TABLE spans (
	trace_seq BIGINT NOT NULL, 
	span_id TEXT NOT NULL, 
	parent_id TEXT NOT NULL, 
	name TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	start_ns BIGINT NOT NULL, 
	end_ns BIGINT NOT NULL, 
	status TEXT NOT NULL, 
	error TEXT NOT NULL, 
	turn INTEGER NOT NULL, 
	size BIGINT DEFAULT '0' NOT NULL, 
	attributes TEXT NOT NULL, 
	events TEXT NOT NULL, 
	CONSTRAINT pk_spans PRIMARY KEY (trace_seq, span_id), 
	CONSTRAINT fk_spans_trace_seq FOREIGN KEY(trace_seq) REFERENCES traces (seq)
)
 WITHOUT ROWID

;
CREATE INDEX ix_spans_broken ON spans (trace_seq, turn) WHERE kind = 'error';
CREATE TABLE turns (
	trace_seq BIGINT NOT NULL, 
	number INTEGER NOT NULL, 
	started_ns BIGINT NOT NULL, 
	ended_ns BIGINT NOT NULL, 
	spoken BOOLEAN NOT NULL, 
	interrupted BOOLEAN NOT NULL, 
	interruption TEXT NOT NULL, 
	eou_ms DOUBLE, 
	stt_ms DOUBLE, 
	llm_ms DOUBLE, 
	tts_ms DOUBLE, 
	transport_ms DOUBLE, 
	e2e_ms DOUBLE, 
	played_s DOUBLE, 
	confidence DOUBLE, 
	tools BIGINT DEFAULT '0' NOT NULL, 
	tool_errors BIGINT DEFAULT '0' NOT NULL, 
	errors BIGINT DEFAULT '0' NOT NULL, 
	input_tokens BIGINT DEFAULT '0' NOT NULL, 
	output_tokens BIGINT DEFAULT '0' NOT NULL, 
	cost_micros BIGINT DEFAULT '0' NOT NULL, 
	user_text TEXT NOT NULL, 
	agent_text TEXT NOT NULL, 
	CONSTRAINT pk_turns PRIMARY KEY (trace_seq, number), 
	CONSTRAINT fk_turns_trace_seq FOREIGN KEY(trace_seq) REFERENCES traces (seq)
)
 WITHOUT ROWID

;
CREATE VIRTUAL TABLE turn_words USING fts5(
    user_text, agent_text, content='', columnsize=0,
    tokenize='unicode61 remove_diacritics 0'
);
CREATE TABLE alerts (
	id TEXT NOT NULL, 
	org_id TEXT NOT NULL, 
	measure TEXT NOT NULL, 
	agent TEXT NOT NULL, 
	threshold DOUBLE NOT NULL, 
	window_ms BIGINT DEFAULT '0' NOT NULL, 
	webhook TEXT NOT NULL, 
	state TEXT NOT NULL, 
	calm_since BIGINT, 
	value DOUBLE, 
	samples BIGINT DEFAULT '0' NOT NULL, 
	changed_at BIGINT, 
	fired_at BIGINT, 
	looked_at BIGINT DEFAULT '0' NOT NULL, 
	created_at BIGINT NOT NULL, 
	CONSTRAINT pk_alerts PRIMARY KEY (id), 
	CONSTRAINT fk_alerts_org_id FOREIGN KEY(org_id) REFERENCES organizations (id), 
	CONSTRAINT uq_alerts_org_id_id UNIQUE (org_id, id)
);
CREATE INDEX ix_alerts_looked_at ON alerts (looked_at);
CREATE TABLE alert_events (
	id TEXT NOT NULL, 
	org_id TEXT NOT NULL, 
	alert_id TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	value DOUBLE, 
	at BIGINT NOT NULL, 
	delivery TEXT NOT NULL, 
	tries BIGINT DEFAULT '0' NOT NULL, 
	answer TEXT NOT NULL, 
	next_at BIGINT, 
	CONSTRAINT pk_alert_events PRIMARY KEY (id), 
	CONSTRAINT fk_alert_events_org_id_alert_id FOREIGN KEY(org_id, alert_id) REFERENCES alerts (org_id, id), 
	CONSTRAINT fk_alert_events_org_id FOREIGN KEY(org_id) REFERENCES organizations (id)
);
CREATE INDEX ix_alert_events_alert_id_org_id_id ON alert_events (alert_id, org_id, id);
CREATE INDEX ix_alert_events_org_id_id ON alert_events (org_id, id);
CREATE INDEX ix_alert_events_next_at ON alert_events (next_at);
CREATE INDEX ix_spans_order ON spans (trace_seq, start_ns);
CREATE INDEX ix_logs_order ON logs (trace_seq, at_ns);
CREATE TABLE schema_readers (
	oldest TEXT NOT NULL, 
	CONSTRAINT pk_schema_readers PRIMARY KEY (oldest)
);
CREATE TRIGGER turn_words_made AFTER INSERT ON turns BEGIN 
    INSERT INTO turn_words (rowid, user_text, agent_text)
    VALUES (new.trace_seq * 1048576 + new.number, new.user_text, new.agent_text); END;
CREATE TRIGGER turn_words_changed AFTER UPDATE OF user_text, agent_text ON turns
WHEN old.user_text <> new.user_text OR old.agent_text <> new.agent_text
BEGIN 
    INSERT INTO turn_words (turn_words, rowid, user_text, agent_text)
    VALUES ('delete', old.trace_seq * 1048576 + old.number, old.user_text, old.agent_text); 
    INSERT INTO turn_words (rowid, user_text, agent_text)
    VALUES (new.trace_seq * 1048576 + new.number, new.user_text, new.agent_text); END;
CREATE TRIGGER turn_words_gone AFTER DELETE ON turns BEGIN 
    INSERT INTO turn_words (turn_words, rowid, user_text, agent_text)
    VALUES ('delete', old.trace_seq * 1048576 + old.number, old.user_text, old.agent_text); END;
INSERT INTO "alembic_version" VALUES ('0010');
INSERT INTO "organizations" VALUES ('org_00000000000000000000000000000001', 'Default', 'default', NULL, 1700000000000);
INSERT INTO "schema_readers" VALUES ('0008');
INSERT INTO "agents" VALUES ('agt_00000000000000000000000000000002', 'org_00000000000000000000000000000001', 'front-desk', 'Front Desk', '{"slug":"front-desk"}', 'desk.py', 1700000000000, 1700000000000, 1700000000000);
INSERT INTO "alerts" VALUES ('alert_00000000000000000000000000000007', 'org_00000000000000000000000000000001', 'e2e_p95', 'front-desk', 2000.0, 3600000, '', 'unknown', NULL, NULL, 0, NULL, NULL, 0, 1700000000000);
INSERT INTO "traces" VALUES (7, 'org_00000000000000000000000000000001', 'run_00000000000000000000000000000001', 'duologue', 'front-desk', '1', 'conv_00000000000000000000000000000003', 'sess_00000000000000000000000000000004', 'vis_00000000000000000000000000000005', '', 'websocket', 'complete', 'left', '', 1700000000000, 1700000060000, 1700000060000, 1, 0, 0, 0, 0, 812.5, 0, NULL, 0, 0, 0, '[]', '[]', '{}');
INSERT INTO "visitors" VALUES ('vis_00000000000000000000000000000005', 'org_00000000000000000000000000000001', 'ada', '{"plan":"ö"}', 1700000000000, 1700000000000, 1700000000000);
INSERT INTO "keys" VALUES ('key_00000000000000000000000000000008', 'org_00000000000000000000000000000001', 'secret', 'server', 'a1c3098ed6f848da0e9d25de71479912cec4e23b39e435818afbe2619fbecbe1', 'ease', NULL, '[]', '["sessions","read"]', 1700000000000, NULL, NULL, NULL);
INSERT INTO "logs" VALUES (7, '0000000000000001', 1700000000000000000, 'info', '', 'desk', 'connected', '{}');
INSERT INTO "spans" VALUES (7, '0000000000000001', '', 'llm_request', 'llm', 1700000000000000000, 1700000001000000000, 'ok', '', 0, 0, '{}', '[]');
INSERT INTO "turns" VALUES (7, 0, 1700000000000000000, 1700000001000000000, 1, 0, '', NULL, NULL, NULL, NULL, NULL, 812.5, NULL, NULL, 0, 0, 0, 0, 0, 0, 'Grüß Gott 👋', 'Here you are; \ anything else?');
INSERT INTO "usage" VALUES ('use_0000000000000000000000000000000b', 'org_00000000000000000000000000000001', 'agt_00000000000000000000000000000002', 'sess_00000000000000000000000000000004', 'run_00000000000000000000000000000001', 60000, 12, 1700000000000, 1700000000000);
INSERT INTO "visits" VALUES ('vst_00000000000000000000000000000006', 'org_00000000000000000000000000000001', 'vis_00000000000000000000000000000005', 1700000000000, 1700000000000);
INSERT INTO "conversations" VALUES ('conv_00000000000000000000000000000003', 'org_00000000000000000000000000000001', 'agt_00000000000000000000000000000002', 'key_00000000000000000000000000000008', 'sess_00000000000000000000000000000004', 'f7dddd1e2d140327234884ae564369e80e84ebf676f8e021b0a3bbb4ea196155', '{"lang":"de"}', 4, 1700000000000, 1700000000000, NULL, NULL, NULL, '{"cart":["tea"]}', 'vis_00000000000000000000000000000005');
INSERT INTO "page_views" VALUES ('evt_00000000000000000000000000000009', 'org_00000000000000000000000000000001', 'vis_00000000000000000000000000000005', 'vst_00000000000000000000000000000006', 'https://shop.example/tea', '/tea', 'Tea', '', 1200, 1700000000000);
INSERT INTO "feedback" VALUES ('fb_0000000000000000000000000000000c', 'org_00000000000000000000000000000001', 'sess_00000000000000000000000000000004', 'conv_00000000000000000000000000000003', 'agt_00000000000000000000000000000002', 'up', 'Kind.', 1700000000000, 1700000000000);
INSERT INTO "runs" VALUES ('run_00000000000000000000000000000001', 'org_00000000000000000000000000000001', 'conv_00000000000000000000000000000003', 'agt_00000000000000000000000000000002', 'proc_0000000000000000000000000000000a', 1700000000000, 1700000060000, 'left', '[]', NULL);
INSERT INTO "sessions" VALUES ('sess_00000000000000000000000000000004', 'org_00000000000000000000000000000001', 'conv_00000000000000000000000000000003', 'agt_00000000000000000000000000000002', 'run_00000000000000000000000000000001', 'key_00000000000000000000000000000008', '3f3af1ecebbd1410ab417ec0d27bbfcb5d340e177ae159b59fc8626c2dfd9175', 1700003600000, 'websocket', 'ended', '["binary"]', '{}', '{"visit":1}', '{}', '{}', '2.8.10', 'https://shop.example', 1700000000000, 1700000000000, NULL, 1700000060000, 'left', 60000, 0, '{"hash":"ab","at":5}', '{"url":"https://shop.example/tea","title":"Tea","path":"/tea"}');
INSERT INTO "messages" VALUES ('msg_00000000000000000000000000000015', 'org_00000000000000000000000000000001', 'conv_00000000000000000000000000000003', 'run_00000000000000000000000000000001', 'sess_00000000000000000000000000000004', 1, 'turn-1', 'user', 'message', 'Grüß Gott 👋', NULL, 1, 0, 1700000000000, 1700000000000);
INSERT INTO "messages" VALUES ('msg_00000000000000000000000000000016', 'org_00000000000000000000000000000001', 'conv_00000000000000000000000000000003', 'run_00000000000000000000000000000001', 'sess_00000000000000000000000000000004', 2, 'turn-2', 'user', 'message', 'Two teas, ''please''.', NULL, 1, 0, 1700000000000, 1700000000000);
INSERT INTO "messages" VALUES ('msg_00000000000000000000000000000017', 'org_00000000000000000000000000000001', 'conv_00000000000000000000000000000003', 'run_00000000000000000000000000000001', 'sess_00000000000000000000000000000004', 3, 'turn-3', 'assistant', 'message', 'Here you are; \ anything else?', NULL, 1, 1, 1700000000000, 1700000000000);
COMMIT;
