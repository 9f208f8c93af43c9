/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/events_json.h"

#include "cli/json.h"

/* What stands there when it is 0, and what does not, is as runc has it. */

static void add_numbers(struct text *t, const char *name, const struct cgroup_numbers *l)
{
	if (!l->n)
		return;
	json_open(t, name, '[');
	for (size_t i = 0; i < l->n; i++)
		json_u64(t, NULL, l->v[i]);
	json_close(t, ']');
}

static void add_pressure_line(struct text *t, const char *name, const struct cgroup_pressure_line *p)
{
	json_open(t, name, '{');
	json_hundredths(t, "avg10", p->avg10);
	json_hundredths(t, "avg60", p->avg60);
	json_hundredths(t, "avg300", p->avg300);
	json_u64(t, "total", p->total);
	json_close(t, '}');
}

static void add_pressure(struct text *t, const struct cgroup_pressure *p)
{
	if (!p->there)
		return;
	json_open(t, "psi", '{');
	add_pressure_line(t, "some", &p->some);
	add_pressure_line(t, "full", &p->full);
	json_close(t, '}');
}

static void add_cpu(struct text *t, const struct cgroup_cpu_stats *s)
{
	json_open(t, "cpu", '{');
	if (s->total || s->kernel || s->user || s->percpu.n) {
		json_open(t, "usage", '{');
		json_u64_nonzero(t, "total", s->total);
		add_numbers(t, "percpu", &s->percpu);
		add_numbers(t, "percpu_kernel", &s->percpu_kernel);
		add_numbers(t, "percpu_user", &s->percpu_user);
		json_u64(t, "kernel", s->kernel);
		json_u64(t, "user", s->user);
		json_close(t, '}');
	}
	if (s->periods || s->throttled_periods || s->throttled_time) {
		json_open(t, "throttling", '{');
		json_u64_nonzero(t, "periods", s->periods);
		json_u64_nonzero(t, "throttledPeriods", s->throttled_periods);
		json_u64_nonzero(t, "throttledTime", s->throttled_time);
		json_close(t, '}');
	}
	add_pressure(t, &s->pressure);
	json_close(t, '}');
}

static void add_cpuset(struct text *t, const struct cgroup_cpuset_stats *s)
{
	json_open(t, "cpuset", '{');
	add_numbers(t, "cpus", &s->cpus);
	json_u64(t, "cpu_exclusive", s->cpu_exclusive);
	add_numbers(t, "mems", &s->mems);
	json_u64(t, "mem_hardwall", s->mem_hardwall);
	json_u64(t, "mem_exclusive", s->mem_exclusive);
	json_u64(t, "memory_migrate", s->memory_migrate);
	json_u64(t, "memory_spread_page", s->memory_spread_page);
	json_u64(t, "memory_spread_slab", s->memory_spread_slab);
	json_u64(t, "memory_pressure", s->memory_pressure);
	json_u64(t, "sched_load_balance", s->sched_load_balance);
	json_i64(t, "sched_relax_domain_level", s->sched_relax_domain_level);
	json_close(t, '}');
}

static void add_memory_entry(struct text *t, const char *name, const struct cgroup_memory_entry *e)
{
	if (!e->limit && !e->usage && !e->max && !e->failcnt)
		return;
	json_open(t, name, '{');
	json_u64(t, "limit", e->limit);
	json_u64_nonzero(t, "usage", e->usage);
	json_u64_nonzero(t, "max", e->max);
	json_u64(t, "failcnt", e->failcnt);
	json_close(t, '}');
}

static void add_memory(struct text *t, const struct cgroup_memory_stats *s)
{
	json_open(t, "memory", '{');
	json_u64_nonzero(t, "cache", s->cache);
	add_memory_entry(t, "usage", &s->usage);
	add_memory_entry(t, "swap", &s->swap);
	add_memory_entry(t, "kernel", &s->kernel);
	add_memory_entry(t, "kernelTCP", &s->kernel_tcp);
	if (s->raw_n) {
		json_open(t, "raw", '{');
		for (size_t i = 0; i < s->raw_n; i++)
			json_u64(t, s->raw[i].name, s->raw[i].value);
		json_close(t, '}');
	}
	add_pressure(t, &s->pressure);
	json_close(t, '}');
}

static void add_io_list(struct text *t, const char *name, const struct cgroup_io_list *l)
{
	if (!l->n)
		return;
	json_open(t, name, '[');
	for (size_t i = 0; i < l->n; i++) {
		json_open(t, NULL, '{');
		json_u64_nonzero(t, "major", l->e[i].major);
		json_u64_nonzero(t, "minor", l->e[i].minor);
		if (*l->e[i].op)
			json_string(t, "op", l->e[i].op);
		json_u64_nonzero(t, "value", l->e[i].value);
		json_close(t, '}');
	}
	json_close(t, ']');
}

static void add_io(struct text *t, const struct cgroup_io_stats *s)
{
	static const char *const names[CGROUP_IO_KINDS] = {
		[CGROUP_IO_SERVICE_BYTES] = "ioServiceBytesRecursive",
		[CGROUP_IO_SERVICED] = "ioServicedRecursive",
		[CGROUP_IO_QUEUED] = "ioQueueRecursive",
		[CGROUP_IO_SERVICE_TIME] = "ioServiceTimeRecursive",
		[CGROUP_IO_WAIT_TIME] = "ioWaitTimeRecursive",
		[CGROUP_IO_MERGED] = "ioMergedRecursive",
		[CGROUP_IO_TIME] = "ioTimeRecursive",
		[CGROUP_IO_SECTORS] = "sectorsRecursive",
	};

	json_open(t, "blkio", '{');
	for (size_t i = 0; i < CGROUP_IO_KINDS; i++)
		add_io_list(t, names[i], &s->list[i]);
	add_pressure(t, &s->pressure);
	json_close(t, '}');
}

static void add_hugetlb(struct text *t, const struct cgroup_stats *s)
{
	json_open(t, "hugetlb", '{');
	for (size_t i = 0; i < s->hugetlb_n; i++) {
		json_open(t, s->hugetlb[i].page_size, '{');
		json_u64_nonzero(t, "usage", s->hugetlb[i].usage);
		json_u64_nonzero(t, "max", s->hugetlb[i].max);
		json_u64(t, "failcnt", s->hugetlb[i].failcnt);
		json_close(t, '}');
	}
	json_close(t, '}');
}

static void add_rdma_list(struct text *t, const char *name, const struct cgroup_rdma_list *l)
{
	if (!l->n)
		return;
	json_open(t, name, '[');
	for (size_t i = 0; i < l->n; i++) {
		json_open(t, NULL, '{');
		json_string(t, "device", l->e[i].device);
		json_u64_nonzero(t, "hca_handles", l->e[i].hca_handles);
		json_u64_nonzero(t, "hca_objects", l->e[i].hca_objects);
		json_close(t, '}');
	}
	json_close(t, ']');
}

static void add_rdma(struct text *t, const struct cgroup_stats *s)
{
	if (!s->rdma_limit.n && !s->rdma_current.n)
		return;
	json_open(t, "rdma", '{');
	add_rdma_list(t, "rdma_limit", &s->rdma_limit);
	add_rdma_list(t, "rdma_current", &s->rdma_current);
	json_close(t, '}');
}

static void add_rdt_allocation(struct text *t, const struct intel_rdt_stats *s)
{
	if (s->l3_cbm_mask) {
		json_open(t, "l3_cache_info", '{');
		json_string(t, "cbm_mask", s->l3_cbm_mask);
		json_u64_nonzero(t, "min_cbm_bits", s->l3_min_cbm_bits);
		json_u64_nonzero(t, "num_closids", s->l3_num_closids);
		json_close(t, '}');
	}
	if (s->l3_schema_root)
		json_string(t, "l3_cache_schema_root", s->l3_schema_root);
	if (s->l3_schema)
		json_string(t, "l3_cache_schema", s->l3_schema);
	if (s->has_mb) {
		json_open(t, "mem_bw_info", '{');
		json_u64_nonzero(t, "bandwidth_gran", s->mb_gran);
		json_u64_nonzero(t, "delay_linear", s->mb_delay_linear);
		json_u64_nonzero(t, "min_bandwidth", s->mb_min);
		json_u64_nonzero(t, "num_closids", s->mb_num_closids);
		json_close(t, '}');
	}
	if (s->mb_schema_root)
		json_string(t, "mem_bw_schema_root", s->mb_schema_root);
	if (s->mb_schema)
		json_string(t, "mem_bw_schema", s->mb_schema);
}

static void add_rdt_monitoring(struct text *t, const struct intel_rdt_stats *s)
{
	if (s->has_mbm) {
		json_open(t, "mbm_stats", '[');
		for (size_t i = 0; i < s->domains_n; i++) {
			json_open(t, NULL, '{');
			json_u64(t, "mbm_total_bytes", s->domains[i].mbm_total_bytes);
			json_u64(t, "mbm_local_bytes", s->domains[i].mbm_local_bytes);
			json_close(t, '}');
		}
		json_close(t, ']');
	}
	if (s->has_cmt) {
		json_open(t, "cmt_stats", '[');
		for (size_t i = 0; i < s->domains_n; i++) {
			json_open(t, NULL, '{');
			json_u64(t, "llc_occupancy", s->domains[i].llc_occupancy);
			json_close(t, '}');
		}
		json_close(t, ']');
	}
}

static void add_intel_rdt(struct text *t, const struct intel_rdt_stats *s)
{
	json_open(t, "intel_rdt", '{');
	if (s) {
		add_rdt_allocation(t, s);
		if (s->schemata_n)
			json_open(t, "schemata", '[');
		for (size_t i = 0; i < s->schemata_n; i++)
			json_string(t, NULL, s->schemata[i]);
		if (s->schemata_n)
			json_close(t, ']');
		add_rdt_monitoring(t, s);
	}
	json_close(t, '}');
}

static void add_interfaces(struct text *t, const struct container_stats *s)
{
	if (!s->interfaces_n) {
		json_null(t, "network_interfaces");
		return;
	}
	json_open(t, "network_interfaces", '[');
	for (size_t i = 0; i < s->interfaces_n; i++) {
		const struct net_interface *n = &s->interfaces[i];

		json_open(t, NULL, '{');
		json_string(t, "Name", n->name);
		json_u64(t, "RxBytes", n->rx_bytes);
		json_u64(t, "RxPackets", n->rx_packets);
		json_u64(t, "RxErrors", n->rx_errors);
		json_u64(t, "RxDropped", n->rx_dropped);
		json_u64(t, "TxBytes", n->tx_bytes);
		json_u64(t, "TxPackets", n->tx_packets);
		json_u64(t, "TxErrors", n->tx_errors);
		json_u64(t, "TxDropped", n->tx_dropped);
		json_close(t, '}');
	}
	json_close(t, ']');
}

static void add_stats(struct text *t, const struct container_stats *s)
{
	json_open(t, "data", '{');
	add_cpu(t, &s->cgroup.cpu);
	add_cpuset(t, &s->cgroup.cpuset);
	add_memory(t, &s->cgroup.memory);
	json_open(t, "pids", '{');
	json_u64_nonzero(t, "current", s->cgroup.pids);
	json_u64_nonzero(t, "limit", s->cgroup.pids_limit);
	json_close(t, '}');
	add_io(t, &s->cgroup.io);
	add_hugetlb(t, &s->cgroup);
	add_rdma(t, &s->cgroup);
	add_intel_rdt(t, s->intel_rdt);
	add_interfaces(t, s);
	json_close(t, '}');
}

void event_json(struct text *t, const struct event *e)
{
	json_open(t, NULL, '{');
	json_string(t, "type", e->type == EVENT_OOM ? "oom" : "stats");
	json_string(t, "id", e->id);
	if (e->stats)
		add_stats(t, e->stats);
	json_close(t, '}');
	text_add(t, "\n");
}
