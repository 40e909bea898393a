{% materialization table, adapter='duckdb', supported_languages=['sql'] %}
    {% set target_relation = this.incorporate(type='table') %}
    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {% do adapter.commit() %}

    {% set rows = build_table(target_relation, compiled_code) %}
    {% call noop_statement('main', 'INSERT ' ~ rows, 'INSERT', rows) %}
        {{ compiled_code }}
    {% endcall %}

    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {% do adapter.commit() %}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}
