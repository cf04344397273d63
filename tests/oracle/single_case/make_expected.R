# The expected values of tests/oracle/test_single_case.py. Base R alone: Rscript make_expected.R, in this folder.
# Every possible start, every combination of ranks and every division of patients is written out and counted.
set.seed(20261128)
options(digits = 17)
baseline <- c(14, 17, 20, 23, 26, 29, 32, 35)

series <- do.call(rbind, lapply(1:24, function(id) {
  day <- 0:62
  drawn <- sample(baseline, 1)
  effect <- runif(1, 0, 4)
  level <- 6 - effect * pmax(0, day - drawn) / (pmax(0, day - drawn) + 9)
  value <- pmin(10, pmax(0, round(level + as.numeric(arima.sim(list(ar = 0.35), 63, sd = 1.1)))))
  keep <- runif(63) < 0.9
  data.frame(id = id, drawn = drawn, day = day, value = value)[keep, ]
}))
write.csv(series, "series.csv", row.names = FALSE)

statistic <- function(one, start) {
  before <- one$value[one$day >= start - 14 & one$day <= start - 1]
  after <- one$value[one$day >= start + 7 & one$day <= start + 27]
  mean(before) - mean(after)
}
starts <- do.call(rbind, lapply(split(series, series$id), function(one) {
  found <- sapply(baseline, function(start) statistic(one, start))
  seen <- found[baseline == one$drawn[1]]
  rank <- sum(found >= seen - 1e-9)
  data.frame(id = one$id[1], change = seen, rank = rank, p = rank / 8)
}))
write.csv(starts, "starts.csv", row.names = FALSE)

sump <- function(p) {  # the sum of p values: Irwin-Hall distribution function
  n <- length(p); s <- sum(p); j <- 0:floor(s)
  sum((-1)^j * choose(n, j) * (s - j)^n) / factorial(n)
}
ranks <- list(c(1, 2, 1), c(8, 8, 8), c(3, 1, 5, 2), c(2, 2, 4, 1, 3), c(1, 1, 1, 1, 1, 1), starts$rank[1:6])
pooled <- do.call(rbind, lapply(ranks, function(r) {
  sums <- rowSums(expand.grid(rep(list(1:8), length(r))))
  data.frame(ranks = paste(r, collapse = " "), p = mean(sums <= sum(r)), edgington = sump(r / 8))
}))
write.csv(pooled, "pooled.csv", row.names = FALSE)

tapers <- do.call(rbind, lapply(1:8, function(id) {
  n <- sample(5:11, 1); m <- sample(2:(n - 2), 1)
  stopped <- sample(c(rep(1, m), rep(0, n - m)))
  rise <- round(rnorm(n, 0.8 * stopped, 1), 1)
  difference <- function(chosen) mean(rise[chosen]) - mean(rise[-chosen])
  all <- combn(n, m, difference)
  seen <- difference(which(stopped == 1))
  data.frame(id = id, rise = paste(rise, collapse = " "), stopped = paste(stopped, collapse = " "),
             difference = seen, p = mean(all >= seen - 1e-9))
}))
write.csv(tapers, "tapers.csv", row.names = FALSE)
