// Shows what the edge says about this page.
fetch(location.href, { cache: "no-store" }).then((response) => {
  const status = response.headers.get("cache-status") ?? "no Cache-Status";
  const age = response.headers.get("age") ?? "0";
  document.getElementById("cache").textContent = `${status} (age ${age} s)`;
});
