// Shows what the edge said about this page, without asking for it again.
fetch(location.href, { cache: "force-cache" }).then((response) => {
  const status = response.headers.get("cache-status") ?? "no Cache-Status";
  const age = response.headers.get("age") ?? "0";
  document.getElementById("cache").textContent = `${status} (age ${age} s)`;
});
