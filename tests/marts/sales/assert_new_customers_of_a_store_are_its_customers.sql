{# Fails when a store has not won each of its customers once, on one of its days, or
   when its last balance is another number. #}
with

days as (

    select
        store_key,
        sum(new_customer_count) as new_customer_count,
        max(customers_to_date_count) as balance
    from {{ ref('fct_store_customers_daily') }}
    group by store_key

),

orders as (

    select * from {{ ref('fct_orders') }}

),

customers as (

    select * from {{ ref('dim_customers') }}

),

visitors as (

    select
        orders.store_key,
        count(distinct customers.customer_id) as customer_count
    from orders
    inner join customers on orders.customer_key = customers.customer_key
    group by orders.store_key

)

select
    visitors.store_key,
    visitors.customer_count,
    days.new_customer_count,
    days.balance
from visitors
full outer join days on visitors.store_key = days.store_key
where
    coalesce(visitors.customer_count, 0) <> coalesce(days.new_customer_count, 0)
    or coalesce(visitors.customer_count, 0) <> coalesce(days.balance, 0)
