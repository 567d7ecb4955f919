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
	usage TEXT, 
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
INSERT INTO "alembic_version" VALUES ('0005');
INSERT INTO "organizations" VALUES ('org_00000000000000000000000000000001', 'Default', 'default', NULL, 1700000000000);
INSERT INTO "agents" VALUES ('agt_00000000000000000000000000000002', 'org_00000000000000000000000000000001', 'front-desk', 'Front Desk', '{"slug":"front-desk"}', 'desk.py', 1700000000000, 1700000000000, 1700000000000);
INSERT INTO "visitors" VALUES ('vis_00000000000000000000000000000005', 'org_00000000000000000000000000000001', 'ada', '{"plan":"ö"}', 1700000000000, 1700000000000, 1700000000000);
INSERT INTO "keys" VALUES ('key_00000000000000000000000000000008', 'org_00000000000000000000000000000001', 'secret', 'server', 'a1c3098ed6f848da0e9d25de71479912cec4e23b39e435818afbe2619fbecbe1', 'ease', NULL, '[]', '["sessions","read"]', 1700000000000, NULL, NULL, NULL);
INSERT INTO "usage" VALUES ('use_0000000000000000000000000000000b', 'org_00000000000000000000000000000001', 'agt_00000000000000000000000000000002', 'sess_00000000000000000000000000000004', 'run_00000000000000000000000000000001', 60000, 12, 1700000000000, 1700000000000);
INSERT INTO "visits" VALUES ('vst_00000000000000000000000000000006', 'org_00000000000000000000000000000001', 'vis_00000000000000000000000000000005', 1700000000000, 1700000000000);
INSERT INTO "conversations" VALUES ('conv_00000000000000000000000000000003', 'org_00000000000000000000000000000001', 'agt_00000000000000000000000000000002', 'key_00000000000000000000000000000008', 'sess_00000000000000000000000000000004', 'f7dddd1e2d140327234884ae564369e80e84ebf676f8e021b0a3bbb4ea196155', '{"lang":"de"}', 4, 1700000000000, 1700000000000, NULL, NULL, NULL, '{"cart":["tea"]}', 'vis_00000000000000000000000000000005');
INSERT INTO "page_views" VALUES ('evt_00000000000000000000000000000009', 'org_00000000000000000000000000000001', 'vis_00000000000000000000000000000005', 'vst_00000000000000000000000000000006', 'https://shop.example/tea', '/tea', 'Tea', '', 1200, 1700000000000);
INSERT INTO "feedback" VALUES ('fb_0000000000000000000000000000000c', 'org_00000000000000000000000000000001', 'sess_00000000000000000000000000000004', 'conv_00000000000000000000000000000003', 'agt_00000000000000000000000000000002', 'up', 'Kind.', 1700000000000, 1700000000000);
INSERT INTO "runs" VALUES ('run_00000000000000000000000000000001', 'org_00000000000000000000000000000001', 'conv_00000000000000000000000000000003', 'agt_00000000000000000000000000000002', 'proc_0000000000000000000000000000000a', 1700000000000, 1700000060000, 'left', '[]');
INSERT INTO "sessions" VALUES ('sess_00000000000000000000000000000004', 'org_00000000000000000000000000000001', 'conv_00000000000000000000000000000003', 'agt_00000000000000000000000000000002', 'run_00000000000000000000000000000001', 'key_00000000000000000000000000000008', '3f3af1ecebbd1410ab417ec0d27bbfcb5d340e177ae159b59fc8626c2dfd9175', 1700003600000, 'websocket', 'ended', '["binary"]', '{}', '{"visit":1}', '{}', '{}', '2.8.10', 'https://shop.example', 1700000000000, 1700000000000, NULL, 1700000060000, 'left', 60000, 0, '{"hash":"ab","at":5}', '{"url":"https://shop.example/tea","title":"Tea","path":"/tea"}');
INSERT INTO "messages" VALUES ('msg_00000000000000000000000000000015', 'org_00000000000000000000000000000001', 'conv_00000000000000000000000000000003', 'run_00000000000000000000000000000001', 'sess_00000000000000000000000000000004', 1, 'turn-1', 'user', 'message', 'Grüß Gott 👋', NULL, 1, 0, 1700000000000, 1700000000000);
INSERT INTO "messages" VALUES ('msg_00000000000000000000000000000016', 'org_00000000000000000000000000000001', 'conv_00000000000000000000000000000003', 'run_00000000000000000000000000000001', 'sess_00000000000000000000000000000004', 2, 'turn-2', 'user', 'message', 'Two teas, ''please''.', NULL, 1, 0, 1700000000000, 1700000000000);
INSERT INTO "messages" VALUES ('msg_00000000000000000000000000000017', 'org_00000000000000000000000000000001', 'conv_00000000000000000000000000000003', 'run_00000000000000000000000000000001', 'sess_00000000000000000000000000000004', 3, 'turn-3', 'assistant', 'message', 'Here you are; \ anything else?', NULL, 1, 1, 1700000000000, 1700000000000);
COMMIT;
